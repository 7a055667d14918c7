/** What an MCP client may do with browser sessions through the relay. */
import type { Locator } from 'puppeteer-core'
import { z } from 'zod'
import { drive } from '../browsers/page/drive.ts'
import { navigate } from '../browsers/page/navigation.ts'
import { readPage, screenshot } from '../browsers/page/page-actions.ts'
import type { SessionService } from '../browsers/service.ts'
import type { Session } from '../browsers/session/session.ts'
import { BrowserFault } from '../browsers/fault.ts'
import type { Standing } from '../http/rights.ts'
import { builtInTool, type BuiltInTool } from '../relay/built-in/server.ts'
import { facts, words } from './content.ts'

const session = z.object({ session_id: z.string().min(1).max(200).describe('Id from browser_list or browser_open') })
const selector = z.string().min(1).max(1_000).describe('CSS selector, or text/… for an element by its text')
/** Who works in a session, and which ones it may. */
interface Worker {
  actor: string
  standing: Standing
}
/** Ms for a page to do what it was told. */
const patience = 15_000
const longestText = 100_000

const addressOf = (opened: Session): string => opened.pages.active()?.url ?? 'about:blank'

export type BrowserAccess = Pick<SessionService, 'list' | 'get' | 'obtain' | 'whenSignedIn' | 'handOut' | 'close'>

/** Which sessions a caller sees. */
const isReached = (standing: Standing, { id, makers }: Session): boolean =>
  standing.reaches('browsers', { subject: id, makers: [...makers] })

export function browserTools(service: BrowserAccess): BuiltInTool[] {
  /** One of somebody else is answered as one that is not there. */
  const get = (id: string, standing: Standing): Session => {
    const opened = service.get(id)
    if (!isReached(standing, opened)) throw new BrowserFault('session-not-found', 'Session not found')
    return opened
  }
  /** A leased session is neither ended nor refreshed under the one who works in it. */
  const using = async <Result>(id: string, { actor, standing }: Worker, work: (session: Session) => Promise<Result>): Promise<Result> => {
    const opened = get(id, standing)
    const lease = opened.leases.take(actor, patience * 4)
    try {
      return await work(opened)
    } finally {
      opened.leases.end(lease.id)
    }
  }
  /** Finds the element as soon as it is there; says which one was not. `signal` is the caller's. */
  const withElement = (
    id: string,
    worker: Worker,
    where: string,
    signal: AbortSignal,
    act: (element: Locator<Element>, signal: AbortSignal) => Promise<void>,
  ): Promise<void> =>
    using(id, worker, (opened) =>
      drive(
        opened,
        async (ending) => {
          try {
            await act(opened.page().locator(where).setTimeout(patience), AbortSignal.any([signal, ending]))
          } catch (error) {
            if (!(error instanceof Error) || error.name !== 'TimeoutError') throw error
            throw new BrowserFault(
              'page-failed',
              `Nothing that could be used matched ${where} within ${patience / 1_000} seconds`,
              {},
              { cause: error },
            )
          }
        },
        patience + 1_000,
      ),
    )

  return [
    builtInTool({
      name: 'browser_list',
      title: 'List browser sessions',
      description: 'The open browser sessions with their state and address.',
      input: z.object({}),
      readOnly: true,
      right: 'browsers:use',
      run: (_, { standing }) =>
        facts(
          service
            .list()
            .filter((opened) => isReached(standing, opened))
            .map((opened) => ({ session_id: opened.id, state: opened.state, site: opened.profile.title, address: addressOf(opened) })),
        ),
    }),
    builtInTool({
      name: 'browser_read',
      title: 'Read a page',
      description: 'Title, address and visible text of the page a session shows.',
      input: session,
      readOnly: true,
      right: 'browsers:use',
      about: ({ session_id: id }) => id,
      run: ({ session_id: id }, call) =>
        using(id, call, async (opened) => {
          const { title, address, text } = await readPage(opened)
          return words(`${title}\n${address}\n\n${text.slice(0, longestText)}`)
        }),
    }),
    builtInTool({
      name: 'browser_screenshot',
      title: 'Take a picture of a page',
      description: 'A PNG of what the session shows.',
      input: session,
      readOnly: true,
      right: 'browsers:use',
      about: ({ session_id: id }) => id,
      run: async ({ session_id: id }, { standing }) => [
        { type: 'image', data: Buffer.from(await screenshot(get(id, standing))).toString('base64'), mimeType: 'image/png' },
      ],
    }),
    builtInTool({
      name: 'browser_open',
      title: 'Open a browser session',
      description: 'Opens a plain browser session at an address, without a login.',
      input: z.object({ address: z.url({ protocol: /^https?$/ }).max(2_000) }),
      readOnly: false,
      right: 'browsers:use',
      about: ({ address }) => new URL(address).host,
      async run({ address }, { actor, standing, progress }) {
        await progress(0, 2, 'Starting a browser')
        const { session: opened, release } = await service.obtain({
          profile: 'plain',
          credentials: { username: '', password: '', address },
          waitsForPerson: false,
          actor,
          makers: [standing.maker],
        })
        try {
          await progress(1, 2, 'Opening the page')
          await service.handOut.unlessSilent(opened, service.whenSignedIn(opened))
        } finally {
          release()
        }
        await progress(2, 2, 'Ready')
        return facts({ session_id: opened.id, state: opened.state, address: addressOf(opened) })
      },
    }),
    builtInTool({
      name: 'browser_navigate',
      title: 'Go to an address',
      description: 'Sends the session’s page to an address.',
      input: session.extend({ address: z.url({ protocol: /^https?$/ }).max(2_000) }),
      readOnly: false,
      right: 'browsers:use',
      about: ({ session_id: id }) => id,
      async run({ session_id: id, address }, call) {
        await using(id, call, (opened) => navigate(opened, { address }))
        return words(`On its way to ${address}`)
      },
    }),
    builtInTool({
      name: 'browser_click',
      title: 'Click',
      description: 'Clicks an element of the page.',
      input: session.extend({ selector }),
      readOnly: false,
      right: 'browsers:use',
      destructive: true,
      about: ({ session_id: id }) => id,
      async run({ session_id: id, selector: where }, call) {
        await withElement(id, call, where, call.signal, (element, either) => element.click({ signal: either }))
        return words(`Clicked ${where}`)
      },
    }),
    builtInTool({
      name: 'browser_type',
      title: 'Type',
      description: 'Fills a field of the page.',
      input: session.extend({ selector, text: z.string().max(10_000) }),
      readOnly: false,
      right: 'browsers:use',
      destructive: true,
      about: ({ session_id: id }) => id,
      async run({ session_id: id, selector: where, text }, call) {
        await withElement(id, call, where, call.signal, (element, either) => element.fill(text, { signal: either }))
        return words(`Filled ${where}`)
      },
    }),
    builtInTool({
      name: 'browser_close',
      title: 'Close a browser session',
      description: 'Ends a session and its browser.',
      input: session,
      readOnly: false,
      right: 'browsers:use',
      destructive: true,
      about: ({ session_id: id }) => id,
      async run({ session_id: id }, { actor, standing }) {
        await service.close(get(id, standing).id, actor)
        return words('Closed')
      },
    }),
  ]
}
