/** How a session's browser is set up: what is chosen when one is created, and what of that can change while it lives. */
import { z } from 'zod'

/** Started with it or not at all; everything else that a command line has stays ours. */
export const allowedArguments: Readonly<Record<string, string>> = {
  '--autoplay-policy=no-user-gesture-required': 'media plays without a click',
  '--blink-settings=imagesEnabled=false': 'no picture is drawn or loaded',
  '--disable-3d-apis': 'no WebGL',
  '--disable-gpu': 'draws with the processor alone',
  '--disable-lcd-text': 'greyscale letters, alike on every screen',
  '--disable-reading-from-canvas': 'scripts cannot read a canvas back',
  '--font-render-hinting=none': 'letters as wide as on paper',
  '--force-color-profile=srgb': 'colours alike on every machine',
  '--force-dark-mode': 'pages that can be dark are',
  '--force-prefers-reduced-motion': 'pages that can hold still do',
  '--mute-audio': 'silent also with a window of its own',
  '--start-maximized': 'its window fills the screen',
}

const viewport = z.strictObject({
  width: z.number().int().min(64).max(7_680),
  height: z.number().int().min(64).max(7_680),
})

const proxyAddress = z
  .string()
  .max(2_000)
  .refine((text) => {
    const url = URL.parse(text)
    return url !== null && /^(https?|socks5h?):$/.test(url.protocol) && url.hostname !== '' && url.pathname.replace('/', '') === ''
  }, 'must be the address of a proxy: http://, https:// or socks5:// with host and port')

/** In words of its own, or as one address with the credentials in it. */
const proxy = z
  .union([
    proxyAddress.transform((text) => ({ server: text, username: undefined, password: undefined })),
    z.strictObject({
      server: proxyAddress,
      username: z.string().max(255).optional(),
      password: z.string().max(255).optional(),
    }),
  ])
  .transform(({ server, username, password }): Proxy => {
    const url = new URL(server)
    const kind = url.protocol.startsWith('socks5') ? 'socks5' : url.protocol === 'https:' ? 'https' : 'http'
    return {
      kind,
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? { http: 80, https: 443, socks5: 1_080 }[kind] : Number(url.port),
      username: username ?? decoded(url.username),
      password: password ?? decoded(url.password),
    }
  })

export interface Proxy {
  kind: 'http' | 'https' | 'socks5'
  host: string
  port: number
  /** Empty for one that asks for none. */
  username: string
  password: string
}

const locale = z
  .string()
  .max(35)
  .refine((text) => {
    try {
      return Intl.getCanonicalLocales(text).length === 1
    } catch {
      return false
    }
  }, 'must be a language tag such as de-DE')

const timezone = z
  .string()
  .max(60)
  .refine((text) => {
    try {
      return new Intl.DateTimeFormat('en', { timeZone: text }) !== null
    } catch {
      return false
    }
  }, 'must be the name of a time zone such as Europe/Berlin')

export const resourceKinds = ['image', 'media', 'font', 'stylesheet'] as const

/** What pages are not to load. */
const block = z.strictObject({
  /** A name stands for its sub-domains too. */
  hosts: z
    .array(
      z
        .string()
        .max(253)
        .regex(/^[A-Za-z0-9.:_-]+$/, 'must be a host name, without scheme or path'),
    )
    .max(1_000)
    .default([]),
  /** Whole addresses in which `*` stands for any text and `?` for one character. */
  patterns: z.array(z.string().min(1).max(500)).max(200).default([]),
  kinds: z.array(z.enum(resourceKinds)).max(resourceKinds.length).default([]),
})

const tagName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'letters, digits, dots, dashes and underscores')
export const tags = z
  .record(tagName, z.string().max(200))
  .refine((given) => Object.keys(given).length <= 20, 'must not have more than 20 tags')

/** What can change while the session lives. Null, or left out at the creation: as Wheelhouse does it by itself. */
const changeable = {
  viewport: viewport.nullable(),
  deviceScaleFactor: z.number().min(0.25).max(8).nullable(),
  locale: locale.nullable(),
  timezone: timezone.nullable(),
  userAgent: z
    .string()
    .min(1)
    .max(1_000)
    .regex(/^[\x20-\x7e]+$/, 'must be printable ASCII')
    .nullable(),
  proxy: proxy.nullable(),
  block: block.nullable(),
  /** Null for what the site profile says. */
  downloads: z.enum(['allow', 'deny']).nullable(),
  /** Seconds without use after which the session ends; null for the setting. */
  idleSeconds: z.number().int().min(5).max(86_400).nullable(),
  tags: tags.nullable(),
}

/** What is decided with the start of the browser. */
const fixed = {
  /** False shows its window on the screen of the machine that Wheelhouse runs on; null for the setting. */
  headless: z.boolean().nullable(),
  /** Names of folders in `browsers/extensions` of the data directory. */
  extensions: z
    .array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'must be the name of a folder in the extensions folder'))
    .max(20),
  args: z
    .array(
      z.string().refine((text) => Object.hasOwn(allowedArguments, text), `must be one of: ${Object.keys(allowedArguments).join(', ')}`),
    )
    .max(20),
}

export const setupRequest = z.object({ ...optional(changeable), ...optional(fixed) })
const unchangeable = z.never('cannot change while the session lives; open a new one').optional()
export const setupChange = z
  .object({ ...optional(changeable), headless: unchangeable, extensions: unchangeable, args: unchangeable })
  .catchall(z.unknown())
  .superRefine((change, context) => {
    for (const name of Object.keys(change))
      if (!Object.hasOwn(changeable, name) && !Object.hasOwn(fixed, name))
        context.addIssue({ code: 'custom', path: [name], message: 'is no field that can be changed' })
  })
export type SetupRequest = z.output<typeof setupRequest>
export type SetupChange = Omit<SetupRequest, 'headless' | 'extensions' | 'args'>

/** As chosen and completed: null where nothing was. */
export interface Setup {
  viewport: z.output<typeof viewport> | null
  deviceScaleFactor: number | null
  locale: string | null
  timezone: string | null
  userAgent: string | null
  proxy: Proxy | null
  block: z.output<typeof block> | null
  downloads: 'allow' | 'deny' | null
  idleSeconds: number | null
  tags: Record<string, string>
  headless: boolean | null
  extensions: string[]
  args: string[]
}

/** What a session shows of its setup; the password of a proxy is not among it. */
export const setupView = z.object({
  viewport: viewport.nullable(),
  deviceScaleFactor: z.number().nullable(),
  locale: z.string().nullable(),
  timezone: z.string().nullable(),
  userAgent: z.string().nullable(),
  proxy: z.object({ server: z.string(), username: z.string().nullable() }).nullable(),
  block: block.nullable(),
  downloads: z.enum(['allow', 'deny']).nullable(),
  idleSeconds: z.number().nullable(),
  headless: z.boolean().nullable(),
  extensions: z.array(z.string()),
  args: z.array(z.string()),
})
export type SetupView = z.output<typeof setupView>

type Optional<Shape extends z.ZodRawShape> = { [Name in keyof Shape]: z.ZodOptional<Shape[Name]> }

function optional<Shape extends z.ZodRawShape>(shape: Shape): Optional<Shape> {
  // Each field by its own name.
  return Object.fromEntries(Object.entries(shape).map(([name, schema]) => [name, z.optional(schema)])) as Optional<Shape>
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
