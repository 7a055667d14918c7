/** What a login is, as data: where it happens, how it is recognised, what keeps it fresh, what can be asked afterwards. */
import { z } from 'zod'
import { withoutUserinfo } from '../../http/userinfo.ts'

const selector = z.string().min(1).max(500)
const address = z
  .url({ protocol: /^https?$/ })
  .max(2_000)
  .overwrite(withoutUserinfo)

/** What the page looks like in one situation; any of the given signs is enough. */
const pageSign = z
  .object({
    /** The address matches this regular expression, in RE2's syntax. */
    url: z.string().max(500).optional(),
    /** An element matching this CSS selector is visible. */
    selector: selector.optional(),
    /** The page's text contains this. */
    text: z.string().max(500).optional(),
  })
  .refine(
    (sign) => sign.url !== undefined || sign.selector !== undefined || sign.text !== undefined,
    'give at least one of url, selector, text',
  )

export const siteProfileName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and dashes')

/** Reads one field of the page after optional steps; `{name}` in a selector or address is replaced by the request's field of that name. */
const operation = z.object({
  /** Where to go first; the page stays where it is when left out. */
  address: address.optional(),
  /** Fields the request must carry, each matched whole. */
  inputs: z.record(z.string().regex(/^[a-z_]{1,40}$/), z.string().max(200)).default({}),
  /** Clicked in this order before reading, e.g. to expand a row. */
  steps: z
    .array(
      z.object({
        click: selector.optional(),
        fill: selector.optional(),
        value: z.string().max(500).optional(),
        waitFor: selector.optional(),
      }),
    )
    .max(20)
    .default([]),
  /** The element whose text is the answer; not there means null. */
  read: selector,
})

export const siteProfile = z.object({
  name: siteProfileName,
  title: z.string().min(1).max(80),
  /** `none` opens `address` and logs in nowhere. */
  kind: z.enum(['form', 'none']),
  /** The login page, or the page to open. `null` when the request names it. */
  address: address.nullable(),
  form: z.object({ username: selector, password: selector, submit: selector }).nullable().default(null),
  captcha: z
    .object({
      kind: z.enum(['recaptcha-v2', 'image']),
      /** The element carrying the site key (`data-sitekey`), or the image. */
      element: selector,
      /** Where the answer goes. */
      answer: selector,
    })
    .nullable()
    .default(null),
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
  /** Logins here are kept when their session ends by itself; the setting for all has to allow it too. */
  keep: z.boolean().default(true),
  /** By endpoint name, e.g. `get_booking_number`. */
  operations: z.record(z.string().regex(/^[a-z_]{1,60}$/), operation).default({}),
})

export type SiteProfile = z.output<typeof siteProfile>

/** The origins that whoever wrote a profile has opened with it. What a request fills in opens nothing. */
export function writtenOrigins({ address: login, refresh, operations }: Pick<SiteProfile, 'address' | 'refresh' | 'operations'>): string[] {
  const written = [login, refresh?.address, ...Object.values(operations).map((each) => each.address)]
  return [...new Set(written.flatMap((each) => (each == null ? [] : (URL.parse(each)?.origin ?? []))))]
}
