/** Doing something in an agent's tab: alone, for a bounded time, and with an answer that tells what came of it. */
import { abortable } from '../../async/abortable.ts'
import { drive } from '../../browsers/page/drive.ts'
import type { KnownPage } from '../../browsers/page/page-registry.ts'
import { permitPopups, popupPermitsSettled } from '../../browsers/page/popup-permits.ts'
import { until } from '../../browsers/page/until.ts'
import { isDoneWithin, waitFor } from '../../async/deadline.ts'
import type { ToolContent } from '../../relay/built-in/server.ts'
import { comeToWork, ended, refuseWhileDriven, type AgentCall, type BrowserAccess } from './access.ts'
import { answer, refuseOpenDialog, tabLine } from './answer.ts'
import { loaded } from './loaded.ts'
import { Stir } from './stir.ts'
import type { Workplace } from './workplace.ts'

/** Ms for an action, and for the page to be quiet after it. */
const usualPatience = 25_000
const quietWithin = 4_000
const quietFor = 250
/** Ms for a window that was opened to be listed and loaded, and for a file to be whole, so that the answer can say so. */
const windowWithin = 3_000
const fileWithin = 2_000

export interface Action {
  /** What is done, which resolves to the words for it. */
  run(tab: KnownPage, workplace: Workplace, signal: AbortSignal): Promise<string>
  /** References of what is used: they tell in which tab. */
  refs?: readonly (string | undefined)[]
  /** Ms. */
  patience?: number
  /** Characters of the page in the answer. */
  size?: number
}

/** Throws what `comeToWork` and `drive` throw, and `page-failed` while the page shows a dialog. */
export async function act(
  service: BrowserAccess,
  sessionId: string | undefined,
  call: AgentCall,
  { run, refs = [], patience = usualPatience, size }: Action,
): Promise<ToolContent[]> {
  const workplace = await comeToWork(service, sessionId, call)
  return workplace.inTurn(async () => {
    const { session } = workplace
    call.signal.throwIfAborted()
    if (!session.live) throw await ended(session, session.life.reason)
    refuseWhileDriven(session)
    refuseOpenDialog(workplace)
    for (const ref of refs) if (ref !== undefined) workplace.goTo(workplace.refs.frameOf(ref).page())
    const tab = workplace.tab()
    const done = await within(workplace, tab, call, (signal) => run(tab, workplace, signal), patience)
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
  // It may be longer than an agent can be silent.
  workplace.renew(patience)
  const before = new Set(session.pages.list().map(({ id }) => id))
  session.pages.show(tab.id)
  const stir = new Stir(tab.page)
  const forbid = permitPopups(tab.page)
  const asked = Promise.withResolvers<null>()
  const stopAsking = workplace.onDialog(() => asked.resolve(null))
  const stopWindows = workplace.onWindow((id) => (id === tab.id ? stir.windowOpens() : undefined))
  try {
    const done = await drive(
      session,
      async (ending) => {
        const signal = AbortSignal.any([call.signal, ending])
        await workplace.watch(tab, call.has('browser_dialog'))
        await popupPermitsSettled(tab.page)
        const doing = work(signal)
        doing.catch(() => undefined)
        const said = await abortable(Promise.race([doing, asked.promise]), signal)
        stir.done()
        if (said !== null) await settle(workplace, tab, stir, asked.promise, signal)
        return said ?? 'The page has stopped at a dialog'
      },
      patience,
    )
    await tellTabs(workplace, tab, before, stir)
    await tellFiles(workplace)
    return done
  } catch (error) {
    throw await ended(session, error)
  } finally {
    stopAsking()
    stopWindows()
    forbid()
    stir.stop()
    if (session.live) workplace.renew()
  }
}

/** Until the page has dealt with it: loaded, and quiet for a moment. */
async function settle(workplace: Workplace, tab: KnownPage, stir: Stir, asked: Promise<null>, signal: AbortSignal): Promise<void> {
  const over = new AbortController()
  const either = AbortSignal.any([signal, over.signal])
  const isGone = (): boolean => tab.page.isClosed() || workplace.dialog !== null
  const quiet = until(async () => (isGone() || (await stir.isOver(quietFor)) ? true : null), either).catch(() => undefined)
  const isQuiet = await isDoneWithin(quietWithin, Promise.race([quiet, asked]))
  over.abort()
  if (!isQuiet && stir.moved) workplace.note('The page is still loading')
}

/** A window that the action has opened is where the work goes on, as for a person. */
async function tellTabs(workplace: Workplace, tab: KnownPage, before: ReadonlySet<string>, stir: Stir): Promise<void> {
  const { pages } = workplace.session
  const opened = (): KnownPage[] => pages.list().filter(({ id }) => !before.has(id))
  if (stir.opened && opened().length === 0)
    await waitFor(windowWithin, (done) => pages.onChange(() => (opened().length > 0 ? done() : undefined)))
  const front = pages.active()
  const follows = front !== null && opened().some(({ id }) => id === front.id)
  if (follows) await loaded(front.page, windowWithin)
  for (const each of workplace.newTabs()) workplace.note(`A new tab has opened: ${tabLine(workplace, each)}`)
  if (!follows) return
  workplace.choose(front.id)
  workplace.note(`You work in ${workplace.nameOf(front.id)} now; browser_tabs leads back to ${workplace.nameOf(tab.id)}`)
}

async function tellFiles(workplace: Workplace): Promise<void> {
  const { downloads } = workplace.session
  const arriving = (): boolean => workplace.newFiles().some(({ state }) => state === 'arriving')
  if (arriving()) await waitFor(fileWithin, (done) => downloads.onChange(() => (arriving() ? undefined : done())))
  for (const { id, name, state, receivedBytes } of workplace.newFiles()) {
    workplace.fileTold(id)
    const how = state === 'done' ? 'has come down' : `is ${state}`
    workplace.note(`A file ${how}: ${name}, ${receivedBytes} bytes; browser_download with "download": "${id}" reads it`)
  }
}
