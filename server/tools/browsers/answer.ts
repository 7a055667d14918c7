/** What a tool answers about a page: what was done, what the agent does not know yet, and what the page shows now. */
import { withDeadline } from '../../async/deadline.ts'
import { abortable } from '../../async/abortable.ts'
import { BrowserFault } from '../../browsers/fault.ts'
import { drive } from '../../browsers/page/drive.ts'
import type { KnownPage } from '../../browsers/page/page-registry.ts'
import { withoutUserinfo } from '../../http/userinfo.ts'
import type { ToolContent } from '../../relay/built-in/server.ts'
import { words } from '../content.ts'
import { ended } from './access.ts'
import { asPageContent, changes, linesWith, shortSize, shownTree } from './shown.ts'
import { readTree, type Tree, type TreeOptions } from './tree.ts'
import type { Workplace } from './workplace.ts'

/** Ms for a page to be read; a large one on a busy machine takes its time. */
const readPatience = 10_000
/** Lines of a document in which a text is looked for. */
const mostSearched = 30_000

/** Reads the tab, or a part of it, for a bounded time. Throws `browser-silent` in words that say what to do. */
export async function look(workplace: Workplace, options: TreeOptions, signal: AbortSignal): Promise<{ tab: KnownPage; tree: Tree }> {
  refuseOpenDialog(workplace)
  const tab = workplace.tab()
  const page = options.part === undefined ? tab.page : workplace.refs.frameOf(options.part).page()
  const over = new AbortController()
  const stop = workplace.onDialog(() => over.abort(dialogFault(workplace)))
  try {
    const tree = await drive(workplace.session, (ending) => abortableRead(AbortSignal.any([signal, ending, over.signal])), readPatience)
    return { tab, tree }
  } catch (error) {
    if (!BrowserFault.is(error, 'browser-silent')) throw await ended(workplace.session, error)
    throw new BrowserFault(
      'browser-silent',
      'The page does not answer: its scripts may run without end. browser_history with "reload" stops them and loads it again',
    )
  } finally {
    stop()
  }

  function abortableRead(within: AbortSignal): Promise<Tree> {
    return abortable(readTree(page, workplace.refs, options, within), within)
  }
}

/** All of it again: what the agent knows of the tab from now on. */
export async function snapshot(
  workplace: Workplace,
  { size, find, ...options }: TreeOptions & { size: number; find?: string | undefined },
  signal: AbortSignal,
): Promise<ToolContent[]> {
  const { tab, tree } = await look(workplace, find === undefined ? options : { ...options, most: mostSearched }, signal)
  const title = await titleOf(tab, signal)
  if (find !== undefined) {
    const lines = linesWith(tree.lines, find)
    const head = `${lines.length === 0 ? 'Nowhere' : 'Found'} in ${headOf(workplace, tab, title)}`
    return words(
      [
        ...workplace.takeNotes(),
        head,
        ...(lines.length === 0 ? [] : [shownTree({ lines, from: 0, total: lines.length, cut: tree.cut }, size)]),
      ].join('\n'),
    )
  }
  if (options.part === undefined && tree.from === 0) workplace.seen.set(tab.id, { url: tab.page.url(), title, lines: tree.lines })
  const of = options.part === undefined ? '' : `Part ${options.part} of `
  return words([...workplace.takeNotes(), of + headOf(workplace, tab, title), shownTree(tree, size)].join('\n'))
}

/** What was done, and what has changed by it; all of the page where it is another one. */
export async function answer(workplace: Workplace, done: string, signal: AbortSignal, size = shortSize): Promise<ToolContent[]> {
  const told = (...lines: string[]): ToolContent[] => words([done, ...workplace.takeNotes(), ...lines].join('\n'))
  if (workplace.dialog !== null) return told(dialogWords(workplace))
  try {
    const { tab, tree } = await look(workplace, {}, signal)
    const [url, title] = [tab.page.url(), await titleOf(tab, signal)]
    const known = workplace.seen.get(tab.id)
    workplace.seen.set(tab.id, { url, title, lines: tree.lines })
    if (known === undefined || known.url !== url) return told(headOf(workplace, tab, title), shownTree(tree, size))
    if (known.title !== title) workplace.note(`Its title is now ${JSON.stringify(title)}`)
    const changed = changes(known.lines, tree.lines)
    if (changed?.length === 0) return told('Nothing in the snapshot has changed')
    const content = changed?.join('\n') ?? null
    if (content === null || content.length > size) return told(headOf(workplace, tab, title), shownTree(tree, size))
    return told('What changed:', asPageContent(content))
  } catch (error) {
    // It was done; what the page shows now is another question.
    signal.throwIfAborted()
    if (workplace.dialog !== null) return told(dialogWords(workplace))
    if (!workplace.session.live) throw error
    return told(`What the page shows now could not be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Which tab, and what others there are. */
export function headOf(workplace: Workplace, tab: KnownPage, title: string): string {
  const own = `Tab ${workplace.nameOf(tab.id)}: ${titled(title)}${shownAddress(tab.page.url())}`
  const others = workplace.session.pages.list().filter(({ id }) => id !== tab.id)
  return others.length === 0 ? own : `${own}\nOther tabs: ${others.map((each) => tabLine(workplace, each)).join('; ')}`
}

export function tabLine(workplace: Workplace, { id, title, url }: KnownPage): string {
  return `${workplace.nameOf(id)} ${titled(oneLine(title))}${shownAddress(url)}`
}

/** As the page has it now: the browser tells of a new one late. */
async function titleOf(tab: KnownPage, signal: AbortSignal): Promise<string> {
  const late = (): Error => new Error('late')
  const title = await withDeadline(1_000, signal, (within) => abortable(tab.page.title(), within), late).catch(() => tab.title)
  return oneLine(title)
}

/** In quotation marks: it is the site's, too. */
const titled = (title: string): string => (title === '' ? '' : `${JSON.stringify(title)} — `)

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim().slice(0, 120)

/** Throws `page-failed` while the page waits for an answer: nothing else can be asked of it. */
export function refuseOpenDialog(workplace: Workplace): void {
  if (workplace.dialog !== null) throw dialogFault(workplace)
}

const dialogFault = (workplace: Workplace): BrowserFault => new BrowserFault('page-failed', dialogWords(workplace))

function dialogWords({ dialog }: Workplace): string {
  if (dialog === null) return 'The page asks nothing any more'
  const field = dialog.kind === 'prompt' && dialog.defaultText !== '' ? `, with ${JSON.stringify(dialog.defaultText)} in its field` : ''
  return `The page shows a dialog of kind ${dialog.kind}${field} and stands still until browser_dialog answers it, for a minute at most. ${asPageContent(dialog.message)}`
}

/** With its query, by which pages differ. */
export const shownAddress = (url: string): string => withoutUserinfo(url).slice(0, 1_000)
