/** Pictures, PDF, text: once, from a session or from a browser that is opened for it and thrown away. */
import { z } from 'zod'
import { isoTime, type FaultDefinition, type ResponseDefinition, type RouteDefinition } from '../../http/contract.ts'
import { failure, sessionId } from './parts.ts'
import { setupRequest } from './setup.ts'

const megabyte = 1_048_576
const selector = z.string().min(1).max(500).describe('A Puppeteer selector: CSS, `>>>`, `::-p-text(…)`, `::-p-aria(…)`')
const size = z.union([
  z.number().min(0).max(10_000),
  z.string().regex(/^\d{1,5}(\.\d{1,4})?(px|in|cm|mm)$/, 'must be a number or e.g. 1.5cm'),
])

/** What every one-shot takes. */
const common = {
  /** Where the page is; opened at the back of a session. Left out: what the session shows now. */
  address: z
    .url({ protocol: /^https?$/ })
    .max(2_000)
    .optional(),
  /** The page itself, instead of an address. */
  html: z
    .string()
    .max(8 * megabyte)
    .optional(),
  /** Before it begins, all of them. */
  waitFor: z
    .strictObject({
      /** An element that shows. */
      selector: selector.optional(),
      milliseconds: z.number().int().min(0).max(60_000).optional(),
      /** Half a second without traffic. */
      quiet: z.boolean().default(false),
    })
    .optional(),
  /** Ms for all of it. */
  timeout: z.number().int().min(100).max(300_000).default(30_000),
  /** Of the result. */
  maxBytes: z
    .number()
    .int()
    .min(1)
    .max(64 * megabyte)
    .default(32 * megabyte),
}

const throwAway = {
  cookies: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(400),
        value: z.string().max(8_192),
        domain: z.string().max(253).optional(),
        path: z.string().max(1_000).optional(),
        secure: z.boolean().optional(),
        httpOnly: z.boolean().optional(),
        sameSite: z.enum(['Strict', 'Lax', 'None']).optional(),
      }),
    )
    .max(200)
    .default([]),
  /** Sent with every request of the page, also to other sites. */
  headers: z
    .record(
      z.string().regex(/^[A-Za-z0-9-]{1,100}$/),
      z
        .string()
        .max(8_192)
        .regex(/^[\t\x20-\x7e]*$/),
    )
    .default({}),
  ...setupRequest.omit({ idleSeconds: true }).shape,
}

const kinds = {
  screenshot: {
    format: z.enum(['png', 'jpeg', 'webp']).default('png'),
    /** Of JPEG and WebP. */
    quality: z.number().int().min(1).max(100).optional(),
    fullPage: z.boolean().default(false),
    /** One element alone. */
    selector: selector.optional(),
    /** In CSS px from the page's own corner. */
    clip: z
      .strictObject({
        x: z.number().min(0),
        y: z.number().min(0),
        width: z.number().min(1).max(16_384),
        height: z.number().min(1).max(16_384),
      })
      .optional(),
    /** Transparent where the page paints nothing. */
    omitBackground: z.boolean().default(false),
  },
  pdf: {
    format: z.enum(['letter', 'legal', 'tabloid', 'ledger', 'a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6']).default('a4'),
    /** Instead of a format. */
    width: size.optional(),
    height: size.optional(),
    landscape: z.boolean().default(false),
    scale: z.number().min(0.1).max(2).default(1),
    margin: z.strictObject({ top: size.optional(), right: size.optional(), bottom: size.optional(), left: size.optional() }).optional(),
    printBackground: z.boolean().default(true),
    /** HTML with elements of the classes `date`, `title`, `url`, `pageNumber`, `totalPages`; so is the footer. */
    headerTemplate: z.string().max(100_000).optional(),
    footerTemplate: z.string().max(100_000).optional(),
    /** E.g. `1-3, 5`. */
    pageRanges: z
      .string()
      .max(200)
      .regex(/^[\d\s,-]*$/)
      .default(''),
  },
  html: {},
  text: {
    /** What is worth reading, without menus and advertisements; false for all that shows. */
    readable: z.boolean().default(true),
  },
  markdown: { readable: z.boolean().default(true) },
  scrape: {
    elements: z
      .array(
        z.strictObject({
          selector,
          /** In the answer; the selector when left out. */
          name: z.string().min(1).max(100).optional(),
          attributes: z.array(z.string().min(1).max(100)).max(20).default([]),
          html: z.boolean().default(false),
          limit: z.number().int().min(1).max(1_000).default(100),
        }),
      )
      .min(1)
      .max(50),
  },
} as const satisfies Record<string, z.ZodRawShape>

export type OneShotKind = keyof typeof kinds

const pageFacts = {
  address: z.string(),
  title: z.string(),
  /** Of HTTP; null where nothing was opened. */
  status: z.number().nullable(),
}
export const answers = {
  html: z.object({ ...pageFacts, html: z.string() }),
  text: z.object({ ...pageFacts, text: z.string(), byline: z.string().nullable(), excerpt: z.string().nullable() }),
  markdown: z.object({ ...pageFacts, markdown: z.string(), byline: z.string().nullable(), excerpt: z.string().nullable() }),
  scrape: z.object({
    ...pageFacts,
    elements: z.array(
      z.object({
        name: z.string(),
        matches: z.array(
          z.object({ text: z.string(), attributes: z.record(z.string(), z.string().nullable()), html: z.string().optional() }),
        ),
      }),
    ),
  }),
}

const job = z.object({
  id: z.string(),
  kind: z.enum(Object.keys(kinds) as [OneShotKind, ...OneShotKind[]]), // the keys of the table above
  state: z.enum(['running', 'done', 'failed', 'cancelled']),
  /** What it is at. */
  step: z.string(),
  createdAt: isoTime,
  endedAt: isoTime.nullable(),
  error: z.string().nullable(),
  /** Where the result can be fetched, for ten minutes after its end. */
  result: z.string().nullable(),
})
export type JobView = z.output<typeof job>

const bodies = {
  screenshot: { content: { description: 'The picture', contentType: 'image/png' }, summary: 'A picture' },
  pdf: { content: { description: 'The document', contentType: 'application/pdf' }, summary: 'A PDF' },
  html: { content: { description: 'The page as it stands', body: answers.html }, summary: 'The HTML, as scripts have left it' },
  text: { content: { description: 'The text', body: answers.text }, summary: 'The readable text' },
  markdown: { content: { description: 'The text', body: answers.markdown }, summary: 'The readable text as Markdown' },
  scrape: { content: { description: 'What was found', body: answers.scrape }, summary: 'Text, attributes and HTML of elements' },
} as const satisfies Record<OneShotKind, { content: ResponseDefinition; summary: string }>

const others = {
  202: { description: 'Begun; asked for by `Prefer: respond-async`', body: job },
  400: failure('Invalid'),
  404: failure('No such session'),
  413: failure('The result is larger than it may be'),
  422: failure('The page has no such element'),
  502: failure('The page could not be opened'),
  504: failure('Not done in time'),
} as const

const onSession = <Kind extends OneShotKind>(kind: Kind) =>
  ({
    method: 'POST',
    path: `/v1/browser-sessions/:id/${kind}`,
    tag: 'One-shots',
    summary: `${bodies[kind].summary} from a session`,
    description: 'Of what the session shows now, or with `address` or `html` of a page at its back. It is leased meanwhile.',
    access: 'key',
    right: 'browsers:use',
    params: z.object({ id: sessionId }),
    body: z.object({ ...common, ...kinds[kind] }),
    bodyLimit: 9 * megabyte,
    responses: { 200: bodies[kind].content, ...others },
  }) as const

const thrownAway = <Kind extends OneShotKind>(kind: Kind) =>
  ({
    method: 'POST',
    path: `/v1/${kind}`,
    tag: 'One-shots',
    summary: `${bodies[kind].summary} of a page, without a session`,
    description: 'A browser is opened for it, takes one of the places, and is gone with all it had when the answer is there.',
    access: 'key',
    right: 'browsers:use',
    body: z.object({ ...common, ...kinds[kind], ...throwAway }),
    bodyLimit: 9 * megabyte,
    responses: { 200: bodies[kind].content, ...others, 409: failure('No capacity') },
  }) as const

const jobParams = z.object({ job: z.string().regex(/^job_[0-9A-Za-z_-]{1,40}$/) })

export const oneShotRoutes = {
  takeScreenshot: onSession('screenshot'),
  printSession: onSession('pdf'),
  sessionHtml: onSession('html'),
  sessionText: onSession('text'),
  sessionMarkdown: onSession('markdown'),
  scrapeSession: onSession('scrape'),
  screenshotOf: thrownAway('screenshot'),
  pdfOf: thrownAway('pdf'),
  htmlOf: thrownAway('html'),
  textOf: thrownAway('text'),
  markdownOf: thrownAway('markdown'),
  scrapeOf: thrownAway('scrape'),
  job: {
    method: 'GET',
    path: '/v1/jobs/:job',
    tag: 'One-shots',
    summary: 'How far a one-shot is that was begun with `Prefer: respond-async`',
    access: 'key',
    right: 'browsers:use',
    params: jobParams,
    responses: { 200: { description: 'The job', body: job }, 404: failure('No such job') },
  },
  jobResult: {
    method: 'GET',
    path: '/v1/jobs/:job/result',
    tag: 'One-shots',
    summary: 'What it came to',
    access: 'key',
    right: 'browsers:use',
    params: jobParams,
    responses: {
      200: { description: 'The answer that the call would have had', contentType: 'application/octet-stream' },
      404: failure('No such job, or no result yet'),
    },
  },
  cancelJob: {
    method: 'DELETE',
    path: '/v1/jobs/:job',
    tag: 'One-shots',
    summary: 'Stop it, or forget its result',
    access: 'key',
    right: 'browsers:use',
    params: jobParams,
    responses: { 204: { description: 'Gone' }, 404: failure('No such job') },
  },
} as const satisfies Record<string, RouteDefinition>

export const oneShotFaults = {
  'one-shot-late': { status: 504, remedy: 'Give it more time with `timeout`, or wait for less.' },
  'result-too-large': { status: 413, remedy: 'Ask for a part of it, in a smaller format, or raise `maxBytes`.' },
  'element-missing': { status: 422, remedy: 'Look at the page in the live view; correct the selector, or wait for it.' },
  'selector-invalid': { status: 400, remedy: 'Correct the selector.' },
  'site-unreachable': { status: 502, remedy: 'Check the address, and the network.' },
  'job-not-found': { status: 404, remedy: 'Begin it again; results are kept for ten minutes.' },
} as const satisfies Record<string, FaultDefinition>

/** As the work gets it. */
type RequestOf<Kind extends OneShotKind> = z.output<z.ZodObject<typeof common>> &
  z.output<z.ZodObject<(typeof kinds)[Kind]>> & { kind: Kind }
export type OneShotRequest = { [Kind in OneShotKind]: RequestOf<Kind> }[OneShotKind]
export type OneShotOf<Kind extends OneShotKind> = RequestOf<Kind>
export type ThrowAway = z.output<z.ZodObject<typeof throwAway>>
