/** Tools for what a session's pages said and asked for, from its flight recorder, which holds no secrets. */
import { z } from 'zod'
import { BrowserFault } from '../../browsers/fault.ts'
import { failed, type RequestEntry } from '../../browsers/recorder/entry.ts'
import { duration } from '../../browsers/recorder/shown.ts'
import { builtInTool, type BuiltInTool } from '../../relay/built-in/server.ts'
import { facts, words } from '../content.ts'
import { comeIn, type BrowserAccess } from './access.ts'
import { about, sessionId } from './parts.ts'
import { asPageContent } from './shown.ts'

const reading = { readOnly: true, right: 'browsers:use', about } as const
const limit = z.number().int().min(1).max(200).default(30).describe('The latest so many')

export function logTools(service: BrowserAccess): BuiltInTool[] {
  return [
    builtInTool({
      ...reading,
      name: 'browser_console',
      title: 'Console of the pages',
      description: 'What the pages of a session wrote on the console, and errors of their scripts, the latest last.',
      input: z.object({
        ...sessionId,
        text: z.string().max(200).optional(),
        errors: z.boolean().default(false).describe('Errors alone'),
        limit,
      }),
      async run({ session_id: id, text, errors, limit: most }, call) {
        const { session } = await comeIn(service, id, call)
        const category: ['console'] = ['console']
        // None of these entries is an event of the session, whose words this would be.
        const { entries } = session.recorder.list(
          { category, ...(text === undefined ? {} : { text }), limit: errors ? 500 : most },
          () => '',
        )
        const lines = entries
          .toReversed()
          .filter(({ tone }) => !errors || tone === 'bad')
          .slice(-most)
          .map(
            ({ kind, tone, text: said }) =>
              `${kind === 'page-error' ? 'error' : tone === 'bad' ? 'error' : tone === 'attention' ? 'warning' : 'log'}: ${said}`,
          )
        return words(lines.length === 0 ? 'Nothing was written on the console' : asPageContent(lines.join('\n')))
      },
    }),
    builtInTool({
      ...reading,
      name: 'browser_requests',
      title: 'Requests of the pages',
      description:
        'What the pages of a session asked of the network, the latest last, or the details of one. Secrets and contents are left out.',
      input: z.object({
        ...sessionId,
        request: z.number().int().min(1).optional().describe('The number of one, for its details'),
        text: z.string().max(200).optional().describe('In the address'),
        kinds: z.array(z.string().max(20)).max(10).optional().describe('E.g. document, xhr, fetch, script'),
        failed: z.boolean().default(false).describe('Those that failed alone'),
        limit,
      }),
      async run({ session_id: id, request: number, text, kinds, failed: isFailed, limit: most }, call) {
        const { session } = await comeIn(service, id, call)
        const all = session.recorder.requests().filter(({ atBack }) => !atBack)
        if (number !== undefined) {
          const one = all.find((each) => each.id === number)
          if (one === undefined)
            throw new BrowserFault('element-missing', `There is no request ${number} any more; browser_requests lists those that are kept`)
          return facts(detailOf(one))
        }
        const wanted = (each: RequestEntry): boolean =>
          (text === undefined || each.url.toLowerCase().includes(text.toLowerCase())) &&
          (kinds === undefined || kinds.includes(each.resource)) &&
          (!isFailed || failed(each))
        const lines = all.filter(wanted).slice(-most).map(lineOf)
        const pending = session.recorder.pending().length
        const still = pending > 0 ? `\n${pending} more are not answered yet` : ''
        return words((lines.length === 0 ? 'No such requests' : asPageContent(lines.join('\n'))) + still)
      },
    }),
  ]
}

function lineOf({ id, method, url, status, resource, error, took, cancelled }: RequestEntry): string {
  const outcome = cancelled ? 'given up' : error === null ? String(status) : error.replace(/^net::/, '')
  return `${id} ${method} ${url.slice(0, 300)} ${outcome} ${resource} ${duration(took)}`
}

function detailOf({
  id,
  method,
  url,
  status,
  statusText,
  resource,
  mimeType,
  error,
  cancelled,
  took,
  size,
  transferred,
  sent,
  fromCache,
  ...rest
}: RequestEntry) {
  const { redirectsTo, requestHeaders, responseHeaders, timings, protocol } = rest
  const named = (headers: RequestEntry['requestHeaders']) => Object.fromEntries(headers.map(({ name, value }) => [name, value]))
  return {
    ...{ request: id, method, url, status, statusText, resource, mimeType, protocol, error, cancelled, fromCache },
    ...{ tookMs: Math.round(took), bodyBytes: size, transferredBytes: transferred, sentBytes: sent },
    ...(redirectsTo === '' ? {} : { redirectsTo }),
    ...{ requestHeaders: named(requestHeaders), responseHeaders: named(responseHeaders), timings },
  }
}
