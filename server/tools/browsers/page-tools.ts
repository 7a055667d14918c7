/** Tools for where a session's tabs go, and for waiting until they have come there. */
import type { HTTPResponse } from 'puppeteer-core'
import { z } from 'zod'
import { abortable } from '../../async/abortable.ts'
import { isDoneWithin, waitFor } from '../../async/deadline.ts'
import { Fault } from '../../fault.ts'
import { BrowserFault } from '../../browsers/fault.ts'
import { navigate } from '../../browsers/page/navigation.ts'
import { openAddress } from '../../browsers/page/reachable.ts'
import { proxyOf } from '../../browsers/process/egress-proxy.ts'
import { builtInTool, type BuiltInTool } from '../../relay/built-in/server.ts'
import { words } from '../content.ts'
import { comeToWork, type BrowserAccess } from './access.ts'
import { act } from './act.ts'
import { answer, tabLine } from './answer.ts'
import { about, address, sessionId } from './parts.ts'
import type { Workplace } from './workplace.ts'
import type { KnownPage } from '../../browsers/page/page-registry.ts'

/** Ms for a site to answer. */
const answerWithin = 45_000

const tabName = z.string().regex(/^t\d{1,6}$/, 'a tab as browser_tabs names it, e.g. t2')

export function pageTools(service: BrowserAccess): BuiltInTool[] {
  return [
    builtInTool({
      name: 'browser_navigate',
      title: 'Go to an address',
      description: 'Goes to an address and answers when the page is there: its status, title and a short snapshot.',
      input: z.object({ ...sessionId, address }),
      readOnly: false,
      right: 'browsers:use',
      about,
      async run({ session_id: id, address: to }, call) {
        const workplace = await comeToWork(service, id, call)
        if (workplace.dialog !== null) await unhang(workplace)
        return act(service, id, call, { patience: answerWithin, run: ({ page }, _, signal) => arrive(page, to, signal) })
      },
    }),
    builtInTool({
      name: 'browser_history',
      title: 'Back, forward, reload',
      description: 'Goes back or forward in the tab’s history, or loads the page again; a page whose scripts never end is stopped before.',
      input: z.object({ ...sessionId, go: z.enum(['back', 'forward', 'reload']) }),
      readOnly: false,
      right: 'browsers:use',
      about,
      async run({ session_id: id, go }, call) {
        const workplace = await comeToWork(service, id, call)
        const { url } = workplace.tab()
        const wasEmptied = (go === 'reload' || workplace.dialog !== null) && (await unhang(workplace))
        if (wasEmptied) return act(service, id, call, { patience: answerWithin, run: ({ page }, _, signal) => arrive(page, url, signal) })
        return act(service, id, call, {
          async run({ page }) {
            const before = page.url()
            // The page in front is the one that is driven.
            await navigate({ ...drivenOf(workplace), page: () => page }, { action: go })
            const isThere = go === 'reload' || page.url() !== before
            return isThere ? { back: 'Went back', forward: 'Went forward', reload: 'Loaded again' }[go] : `There is nothing to go ${go} to`
          },
        })
      },
    }),
    builtInTool({
      name: 'browser_tabs',
      title: 'Tabs',
      description: 'Lists the tabs of a session, opens one (at an address), switches to one, or closes one.',
      input: z.object({
        ...sessionId,
        action: z.enum(['list', 'new', 'switch', 'close']).default('list'),
        tab: tabName.optional().describe('For switch and close'),
        address: address.optional().describe('For new'),
      }),
      readOnly: false,
      right: 'browsers:use',
      about,
      async run({ session_id: id, action, tab, address: to }, call) {
        const workplace = await comeToWork(service, id, call)
        const { pages } = workplace.session
        if (action === 'list') return words(tabList(workplace))
        if (action === 'new') {
          if (to !== undefined) proxyOf(workplace.tab().page.browser())?.check(to)
          workplace.choose(await abortable(pages.open(), call.signal))
          workplace.newTabs()
          if (to === undefined) return words(`Opened ${workplace.nameOf(workplace.tab().id)}\n${tabList(workplace)}`)
          return act(service, id, call, { patience: answerWithin, run: ({ page }, _, signal) => arrive(page, to, signal) })
        }
        const named = tab === undefined ? workplace.tab() : workplace.tabNamed(tab)
        if (action === 'switch') {
          pages.show(named.id)
          workplace.choose(named.id)
          await workplace.watch(named, call.has('browser_dialog'))
          return answer(workplace, `You work in ${workplace.nameOf(named.id)} now`, call.signal)
        }
        const name = workplace.nameOf(named.id)
        await closeTab(workplace, named, call.signal)
        return words(`Closed ${name}\n${tabList(workplace)}`)
      },
    }),
  ]
}

async function arrive(page: KnownPage['page'], to: string, signal: AbortSignal): Promise<string> {
  proxyOf(page.browser())?.check(to)
  const over = new AbortController()
  const main = mainArrives(page, over.signal)
  const whole = openAddress(page, to, AbortSignal.any([signal, over.signal]))
  whole.catch(() => undefined)
  const status = await Promise.race([whole, main]).catch((error: unknown) => {
    over.abort()
    signal.throwIfAborted()
    // A page with the words of an error is a page.
    if (error instanceof Fault && typeof error.details['status'] === 'number') return error.details['status']
    if (BrowserFault.is(error, 'login-unreachable')) throw new BrowserFault('site-unreachable', error.message, {}, { cause: error })
    throw error
  })
  over.abort()
  return `${new URL(to).host} answered with status ${status}`
}

/** With its status when the page's own document can be read: one of its frames may never answer. Never rejects. */
function mainArrives(page: KnownPage['page'], signal: AbortSignal): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  let status: number | null = null
  const answered = (response: HTTPResponse): void => {
    if (response.request().isNavigationRequest() && response.frame() === page.mainFrame()) status = response.status()
  }
  const readable = (): void => {
    if (status !== null) resolve(status)
  }
  page.on('response', answered)
  page.on('domcontentloaded', readable)
  signal.addEventListener('abort', () => {
    page.off('response', answered)
    page.off('domcontentloaded', readable)
  })
  return promise
}

/** Ms for a page that answers at all. */
const answersWithin = 2_000

/**
 * What a page asks is refused, and scripts that never end are stopped: the tab is to be used again. True when an empty page had to take
 * its place.
 */
async function unhang(workplace: Workplace): Promise<boolean> {
  const { id, page } = workplace.tab()
  const stay = workplace.leave()
  try {
    await workplace.dialog?.answer(false).catch(() => undefined)
    if (
      await isDoneWithin(
        answersWithin,
        page.evaluate('1').catch(() => undefined),
      )
    )
      return false
    const { pages } = workplace.session
    const isEmptied = (await pages.stopPage(id)) === 'emptied'
    const fresh = pages.active()
    if (isEmptied && fresh !== null) workplace.choose(fresh.id)
    return isEmptied
  } finally {
    stay()
  }
}

function drivenOf({ session }: Workplace) {
  return { life: session.life, causeOf: (error: unknown) => session.causeOf(error), startTimer: session.startTimer }
}

async function closeTab({ session: { pages } }: Workplace, { id }: KnownPage, signal: AbortSignal): Promise<void> {
  const isGone = (): boolean => !pages.list().some((each) => each.id === id)
  pages.close(id)
  // The browser tells of it; a session always has a page, and the next one may be opened for that.
  await waitFor(5_000, (done) => pages.onChange(() => (isGone() && pages.active() !== null ? done() : undefined)), { signal })
}

function tabList(workplace: Workplace): string {
  const own = workplace.tab().id
  return workplace.session.pages
    .list()
    .map((each) => `${tabLine(workplace, each)}${each.id === own ? ' (yours)' : ''}`)
    .join('\n')
}
