/**
 * One agent at work in one session: the lease that keeps the session while it works, the tab it works in, what it was shown of that, and
 * what happened since that it does not know yet.
 */
import type { CDPSession, Page } from 'puppeteer-core'
import { createSerialQueue, type SerialQueue } from '../../async/serial-queue.ts'
import { isDoneWithin } from '../../async/deadline.ts'
import { createSignal } from '../../async/signal.ts'
import type { DownloadView } from '../../browsers/contract/hands.ts'
import { BrowserFault } from '../../browsers/fault.ts'
import type { KnownPage } from '../../browsers/page/page-registry.ts'
import type { Session } from '../../browsers/session/session.ts'
import { refBookOf, type RefBook } from './refs.ts'

/** Ms without a call after which an agent counts as gone. */
const idleAfter = 120_000
const longestSaid = 300
/** Ms for a page to begin to tell of itself; one that hangs tells of its dialogs all the same, and of the rest when it goes on. */
const enabledWithin = 5_000

export interface PageDialog {
  page: string
  kind: string
  message: string
  defaultText: string
  /** Answers it in the browser. */
  answer(accept: boolean, text?: string): Promise<unknown>
}

/** What all agents in a session have in common. */
interface Site {
  workplaces: Map<string, Workplace>
  turns: SerialQueue
  tabs: Map<string, number>
}

const sites = new WeakMap<Session, Site>()

function siteOf(session: Session): Site {
  const site = sites.get(session) ?? { workplaces: new Map(), turns: createSerialQueue(), tabs: new Map() }
  sites.set(session, site)
  return site
}

/** By agent: the session it used last. */
const last = new Map<string, string>()
const mostAgents = 1_000

export const lastOf = (actor: string): string | undefined => last.get(actor)

/** The workplace of this agent, leased from now on. Throws `session-not-found` when the session has ended. */
export function workplaceOf(session: Session, actor: string): Workplace {
  const { workplaces } = siteOf(session)
  for (const [other, each] of workplaces) {
    if (other === actor || each.isInUse) continue
    workplaces.delete(other)
    each.dispose()
  }
  const workplace = workplaces.get(actor) ?? new Workplace(session, actor)
  workplaces.set(actor, workplace)
  workplace.renew()
  last.delete(actor)
  last.set(actor, session.id)
  for (const oldest of last.keys()) if (last.size > mostAgents) last.delete(oldest)
  return workplace
}

export class Workplace {
  readonly session: Session
  readonly refs: RefBook
  /** Lines of a tab as they were last shown, by its id. */
  readonly seen = new Map<string, { url: string; title: string; lines: string[] }>()
  readonly #actor: string
  /** By tab: what listens to it, from when that is first asked for. */
  readonly #watched = new Map<string, Promise<CDPSession>>()
  /** Tabs whose dialogs reach it. */
  readonly #heard = new Set<string>()
  readonly #stops: (() => void)[] = []
  readonly #dialogOpened = createSignal()
  readonly #windowOpens = createSignal<[page: string]>()
  /** That it knows of. */
  readonly #tabs: Set<string>
  readonly #files: Set<string>
  #leaving = false
  /** That run, or wait for their turn. */
  #actions = 0
  #lease = ''
  #tab: string | null = null
  #notes: string[] = []
  /** It may answer what a page asks; otherwise that is refused at once. */
  #answers = false
  #dialog: PageDialog | null = null

  constructor(session: Session, actor: string) {
    this.session = session
    this.refs = refBookOf(session)
    this.#actor = actor
    this.#tabs = new Set(session.pages.list().map(({ id }) => id))
    this.#files = new Set(session.downloads.list().map(({ id }) => id))
    this.#stops.push(
      session.dialogs.watchedBy((page) => this.#answers && this.isLeased && this.#heard.has(page)),
      session.control.onChange(() => {
        if (session.control.holder === null)
          this.note('A person used this browser meanwhile and has given it back; the page may have changed')
      }),
    )
  }

  get isLeased(): boolean {
    return this.session.leases.list().some(({ id }) => id === this.#lease)
  }

  /** Also while it waits for its turn, for longer than a lease runs. */
  get isInUse(): boolean {
    return this.isLeased || this.#actions > 0
  }

  /** What the page in this tab asks, and waits for. */
  get dialog(): PageDialog | null {
    return this.#dialog !== null && this.session.pages.list().some(({ id }) => id === this.#dialog?.page) ? this.#dialog : null
  }

  /** `ms`: of the work that begins now, before the agent can be missed. */
  renew(ms = 0): void {
    const { leases } = this.session
    const duration = idleAfter + ms
    if (!leases.renew(this.#lease, duration)) this.#lease = leases.take(this.#actor, duration).id
    this.session.touch()
  }

  dispose(): void {
    for (const stop of this.#stops.splice(0)) stop()
    for (const listening of this.#watched.values()) listening.then((cdp) => cdp.detach()).catch(() => undefined)
    this.#watched.clear()
    this.#heard.clear()
  }

  /** Actions of all agents in a session come one after another. */
  async inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#actions += 1
    try {
      return await siteOf(this.session).turns.run(work)
    } finally {
      this.#actions -= 1
    }
  }

  /** The tab it works in: the one it chose, else the one in front. Throws `session-ended` while there is none. */
  tab(): KnownPage {
    const { pages, live } = this.session
    const known = pages.list().find(({ id }) => id === this.#tab) ?? pages.active()
    if (known === null) throw new BrowserFault('session-ended', live ? 'The session has no page yet' : 'The session has ended')
    this.#tab = known.id
    return known
  }

  choose(tab: string): void {
    this.#tab = tab
  }

  /** To the tab with this page, where what was named stands. */
  goTo(page: Page): void {
    const found = this.session.pages.list().find((each) => each.page === page)
    if (found === undefined || found.id === this.#tab) return
    this.#tab = found.id
    this.note(`You work in ${this.nameOf(found.id)} now, where that element is`)
  }

  /** Tabs that it has not been told of. */
  newTabs(): KnownPage[] {
    const fresh = this.session.pages.list().filter(({ id }) => !this.#tabs.has(id))
    for (const { id } of fresh) this.#tabs.add(id)
    return fresh
  }

  /** Files that have come, or are coming, and that it has not been told of. */
  newFiles(): DownloadView[] {
    return this.session.downloads.list().filter(({ id }) => !this.#files.has(id))
  }

  fileTold(id: string): void {
    this.#files.add(id)
  }

  /** The page is being left: what it asks meanwhile is refused at once. Returns what ends that. */
  leave(): () => void {
    this.#leaving = true
    return () => {
      this.#leaving = false
    }
  }

  /** `t1`; the same for all who work in the session, and never given again. */
  nameOf(tab: string): string {
    const { tabs } = siteOf(this.session)
    for (const { id } of this.session.pages.list()) if (!tabs.has(id)) tabs.set(id, tabs.size + 1)
    const number = tabs.get(tab) ?? tabs.size + 1
    tabs.set(tab, number)
    return `t${number}`
  }

  /** Throws `page-not-found`. */
  tabNamed(name: string): KnownPage {
    const found = this.session.pages.list().find(({ id }) => this.nameOf(id) === name)
    if (found === undefined) throw new BrowserFault('page-not-found', `There is no tab ${name}; browser_tabs lists them`)
    return found
  }

  /** To be told with the next answer. */
  note(words: string): void {
    if (!this.#notes.includes(words)) this.#notes.push(words)
  }

  takeNotes(): string[] {
    return this.#notes.splice(0)
  }

  /** Calls back when a page asks something. Returns what ends that. */
  onDialog(listener: () => void): () => void {
    return this.#dialogOpened.subscribe(listener)
  }

  /** Calls back when a person's, or an agent's, click opens a window from a page, before there is one. Returns what ends that. */
  onWindow(listener: (page: string) => void): () => void {
    return this.#windowOpens.subscribe(listener)
  }

  /** From now on it hears what a tab asks. `answers`: it is asked, and has a minute to answer. */
  async watch({ id, page }: KnownPage, answers: boolean): Promise<void> {
    this.#answers = answers
    // Calls may come at once.
    const listening = this.#watched.get(id) ?? this.#begin(id, page)
    this.#watched.set(id, listening)
    await listening
  }

  async #begin(id: string, page: Page): Promise<CDPSession> {
    const forget = (): void => {
      this.#watched.delete(id)
      this.#heard.delete(id)
    }
    let cdp: CDPSession | null = null
    try {
      cdp = await page.createCDPSession()
      page.once('close', () => {
        forget()
        this.seen.delete(id)
      })
      this.#heard.add(id)
      this.#listen(id, page, cdp)
      await isDoneWithin(enabledWithin, cdp.send('Page.enable'))
      return cdp
    } catch (error) {
      forget()
      cdp?.detach().catch(() => undefined)
      throw error
    }
  }

  #listen(id: string, page: Page, cdp: CDPSession): void {
    cdp.on('Page.javascriptDialogOpening', ({ type, message, defaultPrompt }) => {
      const said = `${type} “${message.slice(0, longestSaid)}”`
      // A person who drives answers it; of an agent that has gone, what answers for nobody, or a program that is attached.
      if (this.session.control.holder !== null || !this.isLeased) return
      if (type === 'beforeunload') {
        cdp.send('Page.handleJavaScriptDialog', { accept: true }).catch(() => undefined)
        return this.note('The page asked whether it may be left, and was left')
      }
      if (this.#leaving) return void cdp.send('Page.handleJavaScriptDialog', { accept: false }).catch(() => undefined)
      if (!this.#answers) return this.note(`The page showed the dialog ${said}; it was dismissed, since browser_dialog is not switched on`)
      const answer = (accept: boolean, text?: string): Promise<unknown> =>
        cdp.send('Page.handleJavaScriptDialog', { accept, ...(text === undefined ? {} : { promptText: text }) })
      this.#dialog = { page: id, kind: type, message: message.slice(0, 2_000), defaultText: defaultPrompt ?? '', answer }
      this.#dialogOpened.emit()
    })
    cdp.on('Page.javascriptDialogClosed', () => {
      if (this.#dialog?.page === id) this.#dialog = null
    })
    cdp.on('Page.windowOpen', ({ userGesture }) => {
      // Others are refused.
      if (userGesture) this.#windowOpens.emit(id)
    })
    page.once('error', () => this.note('The page crashed and was loaded again'))
  }
}
