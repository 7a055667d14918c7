/** What a login is, as data: where it happens, how it is recognised, what keeps it fresh, what can be asked afterwards. */
import { z } from 'zod'
import { downloadPolicy } from './hands.ts'
import { address, captchaPlace, mostSteps, oneByOne, pageSign, selector, siteStep, type SiteStep } from './site-steps.ts'

export const siteProfileName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and dashes')

/** Names that a call or its answer has already. */
const taken = new Set([
  ...['session_id', 'username', 'password', 'captcha_api_key', 'profile', 'debug'],
  ...['success', 'is_new_session', 'error', 'details', 'request_id', 'debug_bundle_url'],
])
const fieldName = z.string().regex(/^[a-z_][a-z0-9_]{0,39}$/, 'lower-case letters, digits and underscores')
const answerName = fieldName.refine((name) => !taken.has(name), 'is a name that every answer has')

/** What an operation answers with. */
const output = z.union([
  /** The text of the first that matches; not there means null. */
  z.object({ text: selector }),
  /** The texts of all that match. */
  z.object({ list: selector }),
  /** One entry for each row, of the cells that are found inside it. A number and a date (as ISO) are null where the text is none. */
  z.object({
    table: selector,
    columns: z
      .record(fieldName, z.object({ cell: selector, kind: z.enum(['text', 'number', 'date']).default('text') }))
      .refine((columns) => Object.keys(columns).length > 0, 'a table has columns'),
  }),
  /** What a click on this downloads. */
  z.object({ file: selector }),
])
export type OperationOutput = z.output<typeof output>

/** Does its steps and reads the page; `{name}` in a selector, a value or an address is replaced by the request's field of that name. */
const operation = z.object({
  title: z.string().max(80).optional(),
  /** Where to go first, in a page of its own at the back; the tab's own page is worked on when left out. */
  address: address.optional(),
  /** Fields the request must carry, each matched whole. */
  inputs: z.record(fieldName, z.string().max(200)).default({}),
  /** Done in this order before reading, e.g. to expand a row. */
  steps: z.array(siteStep).max(mostSteps).default([]),
  /** The answer; a selector alone is the element whose text it is. */
  read: z.union([selector, output]),
  /** The field of the answer that carries it: `result` when left out, `file_url` for a file. */
  as: answerName.optional(),
  /** How the page says that there is no such thing, which answers null, or nothing, at once. */
  notFound: pageSign.optional(),
})
export type SiteOperation = z.output<typeof operation>

/** A text of the profile for `{name}` in its steps. A secret one is sealed and never read back: `set` says that there is one. */
const profileField = z.object({
  value: z.string().max(1_000).optional(),
  secret: z.boolean().default(false),
  set: z.boolean().optional(),
})

/** The secret behind `{totp}`, as sites hand it out: its letters, or the whole `otpauth://` address. Sealed, and never read back. */
const totp = z.object({
  secret: z.string().max(2_000).optional(),
  set: z.boolean().optional(),
  algorithm: z.enum(['SHA1', 'SHA256', 'SHA512']).default('SHA1'),
  digits: z.number().int().min(6).max(8).default(6),
  /** Seconds. */
  period: z.number().int().min(10).max(300).default(30),
})

export const siteProfile = z.object({
  name: siteProfileName,
  title: z.string().min(1).max(80),
  /** For whoever chooses among profiles. */
  description: z.string().max(500).default(''),
  /** `none` opens `address` and logs in nowhere. */
  kind: z.enum(['form', 'none']),
  /** The login page, or the page to open. `null` when the request names it. */
  address: address.nullable(),
  form: z.object({ username: selector, password: selector, submit: selector }).nullable().default(null),
  captcha: captchaPlace.nullable().default(null),
  /** The long form: steps in place of `form` and `captcha`, from the page at `address` on. */
  login: z
    .object({ steps: z.array(siteStep).min(1).max(mostSteps) })
    .nullable()
    .default(null),
  /** By name, e.g. `company`. */
  fields: z.record(fieldName, profileField).default({}),
  totp: totp.nullable().default(null),
  /** What the site's own servers get when they ask by HTTP basic authentication; `{username}` and the like are replaced. */
  httpAuth: z
    .object({ username: z.string().max(500), password: z.string().max(500) })
    .nullable()
    .default(null),
  /** Goes on where the certificate of one of the profile's own sites is not trusted, e.g. one that signed itself. */
  ignoreCertificateErrors: z.boolean().default(false),
  /** Windows that the site's scripts open stay. While a login runs they do in any case. */
  popups: z.boolean().default(false),
  success: pageSign.nullable().default(null),
  failure: pageSign.nullable().default(null),
  /** How long a login may take, in ms. */
  loginTimeout: z.number().int().min(1_000).max(600_000).default(60_000),
  refresh: z
    .object({
      /** Fetched inside the browser, in the background, so the person's tab is left alone. */
      address,
      /** In ms. */
      every: z.number().int().min(1_000).max(86_400_000).default(120_000),
      /** The answer's final address matches this when the login has gone. */
      loggedOutUrl: z.string().max(500),
    })
    .nullable()
    .default(null),
  /** What becomes of files that its pages download: kept with the session, or refused. */
  downloads: downloadPolicy.default('allow'),
  /** Logins here are kept when their session ends by itself; the setting for all has to allow it too. */
  keep: z.boolean().default(true),
  /** By endpoint name: `get_booking_number` is `POST /get_booking_number`. */
  operations: z.record(z.string().regex(/^[a-z_][a-z0-9_]{0,59}$/), operation).default({}),
})

export type SiteProfile = z.output<typeof siteProfile>

/** The steps of its login, whichever form describes it; none for a profile that logs in nowhere. */
export function loginSteps({ kind, form, captcha, login }: Pick<SiteProfile, 'kind' | 'form' | 'captcha' | 'login'>): SiteStep[] {
  if (kind === 'none') return []
  if (login !== null) return oneByOne(login.steps)
  if (form === null) return []
  return [
    ...(captcha === null ? [] : [{ captcha, ifShows: true }]),
    { fill: form.username, value: '{username}' },
    { fill: form.password, value: '{password}' },
    { click: form.submit },
  ]
}

/** True for a profile that logs in somewhere. */
export const logsIn = (profile: Pick<SiteProfile, 'kind' | 'form' | 'login'>): boolean =>
  profile.kind === 'form' && (profile.form !== null || profile.login !== null)

/** The origins that whoever wrote a profile has opened with it. What a request fills in opens nothing. */
export function writtenOrigins({
  address: start,
  refresh,
  login,
  operations,
}: Pick<SiteProfile, 'address' | 'refresh' | 'operations'> & Partial<Pick<SiteProfile, 'login'>>): string[] {
  const all = Object.values(operations)
  const steps = [...(login?.steps ?? []), ...all.flatMap((each) => each.steps)]
  const written = [start, refresh?.address, ...all.map((each) => each.address), ...steps.map((step) => step.go)]
  return [...new Set(written.flatMap((each) => (each == null ? [] : (URL.parse(each)?.origin ?? []))))]
}
