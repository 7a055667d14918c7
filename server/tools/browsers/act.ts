/** Doing something in an agent's tab: alone, for a bounded time, and with an answer that tells what came of it. */
import { setTimeout as wait } from 'node:timers/promises'
import { abortable } from '../../async/abortable.ts'
import { BrowserFault } from '../../browsers/fault.ts'
import { drive } from '../../browsers/page/drive.ts'
import type { KnownPage } from '../../browsers/page/page-registry.ts'
import { PageTraffic } from '../../browsers/page/page-traffic.ts'
import { permitPopups, popupPermitsSettled } from '../../browsers/page/popup-permits.ts'
import { until } from '../../browsers/page/until.ts'
import { isDoneWithin, waitFor } from '../../async/deadline.ts'
import type { ToolContent } from '../../relay/built-in/server.ts'
import { comeToWork, refuseWhileDriven, type AgentCall, type BrowserAccess } from './access.ts'
import { answer, refuseOpenDialog, tabLine } from './answer.ts'
import type { Workplace } from './workplace.ts'

/** Ms for an action, and for the page to be quiet after it. */
const usualPatience = 25_000
const quietWithin = 4_000
const quietFor = 250
/** Ms for what came down to be whole, so that the answer can say so. */
const fileWithin = 2_000

export interface Action {
  /** What is done, which resolves to the words for it. */
  run(tab: KnownPage, workplace: Workplace, signal: AbortSignal): Promise<string>
  /** Ms. */
  patience?: number
  /** Characters of the page in the answer. */
  size?: number
}

/** Throws what `comeToWork` and `drive` throw, and `page-failed` while the page shows a dialog. */
export async function act(
  service: BrowserAccess,
  sessionId: string,
  call: AgentCall,
  { run, patience = usualPatience, size }: Action,
): Promise<ToolContent[]> {
  const workplace = await comeToWork(service, sessionId, call)
  return workplace.inTurn(async () => {
    call.signal.throwIfAborted()
    refuseWhileDriven(workplace.session)
    refuseOpenDialog(workplace)
    const tab = workplace.tab()
    const done = await within(workplace, tab, call, (signal) => run(tab, workplace, signal), patience)
    workplace.renew()
    return answer(workplace, done, call.signal, size)
  })
}

/** Also returns when the page asks something meanwhile: then nothing else goes on there. */
async function within(
  workplace: Workplace,
  tab: KnownPage,
  call: AgentCall,
  work: (signal: AbortSignal) => Promise<string>,
  patience: number,
): Promise<string> {
  const { session } = workplace
  const before = {
    tabs: new Set(session.pages.list().map(({ id }) => id)),
    downloads: new Set(session.downloads.list().map(({ id }) => id)),
  }
  session.pages.show(tab.id)
  const traffic = new PageTraffic(tab.page)
  const forbid = permitPopups(tab.page)
  const asked = Promise.withResolvers<null>()
  const stopAsking = workplace.onDialog(() => asked.resolve(null))
  try {
    const done = await drive(
      session,
      async (ending) => {
        const signal = AbortSignal.any([call.signal, ending])
        await workplace.watch(tab, call.has('browser_dialog'))
        await popupPermitsSettled(tab.page)
        traffic.stirred()
        const doing = work(signal)
        doing.catch(() => undefined)
        const said = await abortable(Promise.race([doing, asked.promise]), signal)
        if (said !== null) await settle(workplace, tab, traffic, asked.promise, signal)
        return said ?? 'Done as far as the page let it'
      },
      patience,
    )
    await tellWhatCame(workplace, tab, before)
    return done
  } catch (error) {
    // What was going on when it broke off may be why.
    if (BrowserFault.is(error, 'session-ended'))
      throw new BrowserFault(
        'session-ended',
        `${error.message}. browser_list tells whether it sleeps; browser_wake brings it back`,
        error.details,
      )
    throw error
  } finally {
    stopAsking()
    forbid()
    traffic.stop()
  }
}

/** Until the page has dealt with it: loaded, and quiet for a moment. */
async function settle(
  workplace: Workplace,
  tab: KnownPage,
  traffic: PageTraffic,
  asked: Promise<null>,
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController()
  const either = AbortSignal.any([signal, over.signal])
  const isGone = (): boolean => tab.page.isClosed() || workplace.dialog !== null
  const quiet = until(async () => (isGone() || (await traffic.isQuiet(quietFor)) ? true : null), either).catch(() => undefined)
  // Not sooner than a page's own first answer to it.
  await Promise.race([wait(50, undefined, { ref: false }), asked])
  await isDoneWithin(quietWithin, Promise.race([quiet, asked]))
  over.abort()
}

interface Before {
  tabs: ReadonlySet<string>
  downloads: ReadonlySet<string>
}

async function tellWhatCame(workplace: Workplace, tab: KnownPage, before: Before): Promise<void> {
  const { session } = workplace
  const opened = session.pages.list().filter(({ id }) => !before.tabs.has(id))
  for (const each of opened) workplace.note(`A new tab has opened: ${tabLine(workplace, each)}`)
  const front = session.pages.active()
  if (front !== null && opened.some(({ id }) => id === front.id)) {
    workplace.choose(front.id)
    workplace.note(`You work in ${workplace.nameOf(front.id)} now; browser_tabs leads back to ${workplace.nameOf(tab.id)}`)
  }
  const fresh = () => session.downloads.list().filter(({ id }) => !before.downloads.has(id))
  if (fresh().length === 0) return
  await waitFor(fileWithin, (done) => {
    const check = (): void => {
      if (fresh().every(({ state }) => state !== 'arriving')) done()
    }
    check()
    return session.downloads.onChange(check)
  })
  for (const { id, name, state, receivedBytes } of fresh())
    workplace.note(
      `A file ${state === 'done' ? 'has come down' : `is ${state}`}: ${name}, ${receivedBytes} bytes; browser_download with "download": "${id}" reads it`,
    )
}
