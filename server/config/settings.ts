/** Every setting: one schema is its type, its default and its validation. */
import { z } from 'zod'
import { apiNames, apis, forEachApi, type ApiName } from '../rooms.ts'
import { withoutUserinfo } from '../http/userinfo.ts'

/** Raised with a migration in `migrations.ts` whenever a setting moves or changes its meaning. */
export const settingsVersion = 1

/** `off` serves the API only under its prefix on the control port; 0 takes any free port. */
export const port = z.union([z.number().int().min(0).max(65_535), z.literal('off')])
export type Port = z.output<typeof port>

function apiSettings(name: ApiName) {
  return z
    .object({
      port: (name === 'control' ? z.number().int().min(0).max(65_535) : port).default(apis[name].port),
      /** `machine`: loopback only. `lan`: every interface; a key is then demanded unless `insecureNoKey` is set. */
      openTo: z.enum(['machine', 'lan']).default('machine'),
      /** Serves the LAN without asking for a key. Called insecure because anyone near can then use the API. */
      insecureNoKey: z.boolean().default(false),
    })
    .prefault({})
}

/** Settings are shown and kept readable, so a name and password in an address do not stay. */
const webAddress = z
  .url({ protocol: /^https?$/ })
  .max(2_000)
  .overwrite(withoutUserinfo)
const loginSeconds = z.number().min(1).max(315_360_000)
const whenFull = z.enum(['evict-oldest', 'evict-least-recently-used', 'deny'])

export const settingsSchema = z.object({
  apis: z.object(forEachApi(apiSettings)).prefault({}),
  /** Origins of web pages that may call an API on this machine, e.g. `http://localhost:5173`. */
  allowedOrigins: z.array(webAddress).max(50).default([]),
  /** Addresses or networks of proxies whose word on who calls, and what was called, is taken (X-Forwarded-…), e.g. `127.0.0.1`. */
  trustedProxies: z
    .array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], 'give an address such as 127.0.0.1 or a network such as 10.0.0.0/24'))
    .max(50)
    .default([]),
  network: z
    .object({
      /**
       * Networks beside the public ones that addresses named by callers may lead to, e.g. `192.168.1.0/24`; Wheelhouse's own listeners
       * never.
       */
      allowedRanges: z
        .array(z.union([z.cidrv4(), z.cidrv6()], 'give a network such as 192.168.1.0/24, or 192.168.1.20/32 for one address'))
        .max(50)
        .default([]),
    })
    .prefault({}),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  audit: z
    .object({
      /** Days. */
      keepFor: z.number().int().min(1).max(3_650).default(90),
      /** Rows; the oldest go first. */
      keepAtMost: z.number().int().min(1_000).max(10_000_000).default(1_000_000),
    })
    .prefault({}),
  webhooks: z
    .object({
      /** Lets webhooks go to this machine and to private networks. */
      allowPrivate: z.boolean().default(false),
    })
    .prefault({}),
  browsers: z
    .object({
      /** Path of the Chromium to drive; discovered when null. */
      executable: z.string().min(1).max(4_096).nullable().default(null),
      headless: z.boolean().default(true),
      maxSessions: z.number().int().min(1).max(50).default(10),
      /** Keeps one browser started ahead for the next session, after the first one; it takes one of those places and about 150 MB. */
      warmSpare: z.boolean().default(false),
      /** MB that all sessions may have together; null for what the machine, or its container, has left. */
      memoryLimit: z.number().int().min(200).max(1_000_000).nullable().default(null),
      /** MB that are kept back for everything else. */
      memoryReserve: z.number().int().min(0).max(1_000_000).default(300),
      /** MB beyond which a session that nobody uses is started anew with all it had; null for never. */
      recycleAbove: z.number().int().min(200).max(100_000).nullable().default(1_500),
      /** Seconds without use after which a session ends. */
      idleTimeout: z.number().int().min(5).max(86_400).default(600),
      /** Keeps logins, sealed, when their session ends by itself. */
      keepLogins: z.boolean().default(true),
      /** Days without use after which a kept login is forgotten. */
      keepLoginsFor: z.number().int().min(1).max(3_650).default(30),
      /** What is recorded of sessions on demand. */
      recordings: z
        .object({
          /** That all of them may take on the disk; the oldest make room. */
          megabytes: z.number().int().min(10).max(1_000_000).default(1_000),
          /** After which one ends. */
          minutes: z.number().int().min(1).max(1_440).default(30),
        })
        .prefault({}),
      /** The site profile of `POST /get_session`. */
      defaultProfile: z
        .string()
        .regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
        .default('emodal'),
      captcha: z
        .object({
          /** Base address of a 2captcha-compatible service; nothing is sent there unless a request brings a key. */
          address: webAddress.default('https://2captcha.com'),
          /** Seconds. */
          timeout: z.number().int().min(5).max(600).default(120),
        })
        .prefault({}),
    })
    .prefault({}),
  /** Times in seconds. The variables the contract names win over them. */
  logins: z
    .object({
      /** Read at the start. `memory` forgets all sessions when the server stops. */
      storage: z.enum(['memory', 'database', 'redis']).default('memory'),
      expiration: loginSeconds.default(1_800),
      rememberMeExpiration: loginSeconds.default(604_800),
      /** How long before its end a token is renewed. */
      refreshThreshold: loginSeconds.default(300),
      cleanupInterval: loginSeconds.default(600),
      maxConcurrent: z.number().int().min(1).max(1_000_000).default(5),
      /** What happens to one session more than a user may have. */
      whenFull: whenFull.default('evict-oldest'),
      /** Other limits for some roles, by role name. */
      roles: z
        .record(
          z.string().min(1).max(200),
          z.object({ maxConcurrent: z.number().int().min(1).max(1_000_000).optional(), whenFull: whenFull.optional() }),
        )
        .default({}),
      /** Ends a session that was not used for so long; null for no such limit. */
      idleTimeout: loginSeconds.nullable().default(null),
      /** Longest life of a session, however often it is renewed. */
      absoluteLimit: loginSeconds.default(43_200),
      rememberMeAbsoluteLimit: loginSeconds.default(2_592_000),
      /** How often a session may be renewed; null for as often as its other limits allow. */
      maxRenewals: z.number().int().min(0).max(1_000_000).nullable().default(null),
      /** Roles that may see and end the sessions of all users. */
      adminRoles: z.array(z.string().min(1).max(200)).max(50).default(['admin']),
      /** How long a session that is over stays in the list. */
      keepEndedFor: loginSeconds.default(604_800),
    })
    .prefault({}),
  bots: z
    .object({
      /** Seconds between two messages of one bot at least; up to half as much again is added by chance. */
      pause: z.number().min(0).max(3_600).default(2),
      /** Messages one bot sends in any 24 hours. */
      dailyCap: z.number().int().min(1).max(100_000).default(500),
      /** Days that sent messages, and logs where wanted, are kept. */
      keepMessagesFor: z.number().int().min(1).max(3_650).default(30),
      /** Fetches the files of messages that come in and keeps them: of these kinds, at most so many megabytes of one bot, so many days. */
      keepsMedia: z.boolean().default(false),
      mediaKinds: z
        .array(z.enum(['image', 'video', 'audio', 'document', 'sticker']))
        .default(['image', 'video', 'audio', 'document', 'sticker']),
      mediaBudget: z.number().int().min(1).max(1_000_000).default(1_000),
      keepMediaFor: z.number().int().min(1).max(3_650).default(30),
      /** The base of this API as receivers of webhooks reach it, for links to files; null for its own address. */
      linkBase: z
        .url({ protocol: /^https?$/ })
        .max(500)
        .nullable()
        .default(null),
      /**
       * Answers an account that asks for a passkey, in a browser on this machine. Experimental: never tried on the real WhatsApp, which may
       * restrict numbers for it.
       */
      passkeyCeremony: z.boolean().default(false),
      /** Where the ffmpeg is that converts voice notes; looked for when null. */
      ffmpeg: z.string().min(1).max(1_000).nullable().default(null),
      /** The version of WhatsApp's program that bots speak, like 2.3000.1027934701; null takes the library's own. */
      whatsappVersion: z
        .string()
        .regex(/^\d{1,4}\.\d{1,6}\.\d{1,12}$/, 'must be three numbers with dots, like 2.3000.1027934701')
        .nullable()
        .default(null),
    })
    .prefault({}),
  relay: z
    .object({
      /** Days a session address lasts when its maker does not say. */
      sessionDays: z.number().positive().max(3_650).default(30),
      /** Seconds between removals of expired sessions; read at the start. */
      cleanupInterval: z.number().int().min(60).max(86_400).default(3_600),
      /** Seconds a call may take without any sign of progress. */
      callTimeout: z.number().int().min(1).max(3_600).default(120),
      /** Seconds after which a client that can come back for a late answer no longer holds a connection for it. */
      streamHold: z.number().int().min(1).max(3_600).default(30),
      /** Connections of clients' own to all servers together, each a process for a program; where a server is not shared. */
      ownProcesses: z.number().int().min(1).max(1_000).default(32),
      /** MiB that one request of an MCP client may have. */
      maxRequestSize: z.number().int().min(1).max(256).default(32),
    })
    .prefault({}),
  brokers: z
    .object({
      /** MQTT over plain TCP, usually on 1883; it is open to whom the brokers' API is open. */
      mqttPort: port.default('off'),
    })
    .prefault({}),
  desktop: z
    .object({
      startAtLogin: z.boolean().default(false),
      startHidden: z.boolean().default(false),
      /** What closing the window does; `default` is quit on Linux, where a tray cannot be relied on, hide elsewhere. */
      onClose: z.enum(['default', 'quit', 'hide']).default('default'),
      showTray: z.boolean().default(true),
    })
    .prefault({}),
  theme: z.enum(['system', 'light', 'dark']).default('system'),
})

export type Settings = z.output<typeof settingsSchema>
/** A part of the settings to change; what is left out stays. */
export type SettingsPatch = DeepPartial<Settings>

type DeepPartial<T> = T extends readonly unknown[] ? T : T extends object ? { [Key in keyof T]?: DeepPartial<T[Key]> } : T

/** All defaults. */
export const defaultSettings: Settings = settingsSchema.parse({})

export { apiNames }
