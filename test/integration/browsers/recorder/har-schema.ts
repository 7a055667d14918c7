/** HAR 1.2 as its specification has it: what has to be there, and of which kind. Names that begin with `_` are anyone's own. */
import { z } from 'zod'

const time = z.iso.datetime()
const pairs = z.array(z.strictObject({ name: z.string(), value: z.string(), comment: z.string().optional() }))
const size = z.number().int().min(-1)
const part = z.number().min(-1)
const cookies = z.array(z.object({ name: z.string(), value: z.string() }))

const entry = z.object({
  pageref: z.string().optional(),
  startedDateTime: time,
  time: z.number().min(0),
  request: z.object({
    method: z.string().min(1),
    url: z.url(),
    httpVersion: z.string(),
    cookies,
    headers: pairs,
    queryString: pairs,
    headersSize: size,
    bodySize: size,
  }),
  response: z.object({
    status: z.number().int(),
    statusText: z.string(),
    httpVersion: z.string(),
    cookies,
    headers: pairs,
    content: z.object({ size: z.number().int().min(0), mimeType: z.string().min(1), text: z.undefined().optional() }),
    redirectURL: z.string(),
    headersSize: size,
    bodySize: size,
  }),
  cache: z.object({}),
  timings: z.object({
    blocked: part,
    dns: part,
    connect: part,
    ssl: part,
    send: z.number().min(0),
    wait: z.number().min(0),
    receive: z.number().min(0),
  }),
  serverIPAddress: z.string().optional(),
  comment: z.string().optional(),
})

export const har = z.object({
  log: z
    .object({
      version: z.literal('1.2'),
      creator: z.object({ name: z.string(), version: z.string() }),
      browser: z.object({ name: z.string(), version: z.string() }),
      pages: z.array(
        z.object({
          startedDateTime: time,
          id: z.string(),
          title: z.string(),
          pageTimings: z.object({ onContentLoad: part, onLoad: part }),
        }),
      ),
      entries: z.array(entry),
    })
    .refine(
      ({ pages, entries }) => entries.every(({ pageref }) => pageref === undefined || pages.some(({ id }) => id === pageref)),
      'a pageref without its page',
    )
    .refine(
      ({ entries }) =>
        entries.every(({ time: whole, timings: { blocked, dns, connect, send, wait, receive } }) => {
          const sum = [blocked, dns, connect, send, wait, receive].reduce((total, one) => total + Math.max(0, one), 0)
          return Math.abs(sum - whole) < 1
        }),
      'timings that are not the time',
    ),
})
