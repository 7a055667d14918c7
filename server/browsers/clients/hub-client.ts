/** One client of a browser's hub: what it asks is judged and passed on, what it is told is its own. */
import type { Attachment, Attachments } from './attachments.ts'
import { ClientDownloads } from './client-downloads.ts'
import { ClientTargets } from './client-targets.ts'
import { readdressed, type Said } from './envelope.ts'
import {
  fieldsOf,
  paramsOf,
  readCommand,
  sessionNotFound,
  targetInfoOf,
  targetNotFound,
  type Command,
  type Fields,
  type ProtocolError,
  type TargetInfo,
} from './messages.ts'
import type { OwnMessages } from './own-messages.ts'
import type { PageOpening } from './page-opening.ts'
import { judge, type Answered, type Standing, type Verdict } from './policy.ts'
import { plainText } from '../../plain-text.ts'

/** What a client needs of the hub. */
export interface Hub {
  readonly opening: PageOpening
  readonly attachments: Attachments<HubClient>
  readonly ownMessages: OwnMessages
  readonly limits: { stuckAfter: number }
  isPrivate(contextId: string | undefined): boolean
  send(command: Omit<Command, 'id'>, answered: (answer: Said) => void): number
  ask(method: string, params: Fields, sessionId?: string): Promise<Fields>
  forget(id: number): void
  /** Resolves when the session has a page beside this one. */
  leaveAPage(closing: string): Promise<void>
  detach(client: HubClient): void
}

/** The program's side. */
export interface ClientEnd {
  readonly mayNameFiles: boolean
  /** A person holds keyboard and mouse of the session; of this page, when it is named. */
  isDriven(pageId?: string): boolean
  deliver(message: Buffer | string): void
  /** Nothing more comes: it has closed the browser, as far as it is concerned, or lost what it was attached to. */
  closed(why: string): void
}

/** Commands without an answer, and sessions, beyond which a client is cut off: no program at work comes near. */
const mostPending = 20_000
const mostSessions = 5_000

/** What two hands on one page would do against each other. */
const keepsOff = /^(?:Input\.|Page\.(?:navigate|navigateToHistoryEntry|reload|close|handleJavaScriptDialog)$)/

export class HubClient {
  /** The session that its connection stands for. */
  readonly root: string
  /** Contexts that it has made. */
  readonly contexts = new Set<string>()
  readonly #hub: Hub
  readonly #end: ClientEnd
  readonly #targets: ClientTargets
  readonly #pending = new Set<number>()
  readonly #pages = new Set<string>()
  /** Commands that wait until a person gives back. */
  readonly #held: string[] = []
  readonly #standing: Standing
  readonly #downloads: ClientDownloads
  #over = false

  constructor(hub: Hub, end: ClientEnd, root: string, rootTarget: string) {
    this.#hub = hub
    this.#end = end
    this.root = root
    const { contexts } = this
    const pages = this.#pages
    const isOthers = (contextId: string): boolean => hub.isPrivate(contextId) && !contexts.has(contextId)
    const targets = new ClientTargets({ opening: hub.opening, isOthers, root: rootTarget })
    this.#targets = targets
    this.#standing = {
      hides: (targetId) => targets.hides(targetId),
      owns: (contextId) => contexts.has(contextId),
      isOthers,
      made: {
        get pages() {
          return pages.size
        },
        get contexts() {
          return contexts.size
        },
      },
      get downloads() {
        return hub.ownMessages.downloads
      },
      mayNameFiles: end.mayNameFiles,
      isDriven: () => end.isDriven(),
    }
    this.#downloads = new ClientDownloads({
      mayNameFiles: end.mayNameFiles,
      kept: () => {
        const { downloadPath } = hub.ownMessages.downloads ?? {}
        return typeof downloadPath === 'string' ? downloadPath : null
      },
      contextOf: (frameId) => hub.attachments.to(frameId)[0]?.contextId,
    })
  }

  /** What the program has sent. */
  receive(text: string): void {
    if (this.#over) return
    const command = readCommand(text)
    if ('error' in command) return this.#refuse(command, command.error)
    const attachment = this.#hub.attachments.get(command.sessionId ?? this.root)
    if (attachment?.client !== this || attachment.hidden) return this.#refuse({ id: command.id }, sessionNotFound)
    if (this.#pending.size + this.#held.length >= mostPending) return this.lost(`More than ${mostPending} commands wait for an answer`)
    if (keepsOff.test(command.method) && this.#end.isDriven(this.#pageOf(attachment))) return void this.#held.push(text)
    const verdict = judge(command, this.#standing)
    if (verdict.kind === 'refuse') return this.#refuse(command, verdict.error)
    if (verdict.kind === 'pass') return this.#passWhenSafe(command, attachment, verdict)
    if (command.method === 'Page.setDownloadBehavior') this.#hearOfDownloads(command.params)
    this.#tell(command, { result: verdict.kind === 'answer' ? verdict.result : {} })
    if (verdict.kind === 'leave') this.lost('It closed the browser')
  }

  /** It would act on a page that a person drives, and waits until they give it back. */
  get waits(): boolean {
    return this.#held.length > 0
  }

  /** Whether it hears of what happens on a page, e.g. its dialogs, and answers it. */
  watches(pageId: string): boolean {
    return !this.#over && this.#hub.attachments.to(pageId).some(({ client, watchesPage }) => client === this && watchesPage)
  }

  /** The person has given back. */
  goOn(): void {
    for (const text of this.#held.splice(0)) this.receive(text)
  }

  /** An event of one of its sessions. */
  hear(attachment: Attachment<HubClient>, method: string, event: Said): void {
    if (method.startsWith('Target.') && !this.#shows(attachment, method, paramsOf(event.message))) return
    if (method === 'Browser.downloadWillBegin' && !this.#downloads.begins(paramsOf(event.message))) return
    if (method === 'Browser.downloadProgress') return void this.#tellProgress(attachment, method, paramsOf(event.message))
    if (!attachment.hidden) this.#deliver(event)
  }

  hasOpened(pageId: string): boolean {
    return this.#pages.has(pageId)
  }

  /** A target is not there any more, whether it was to be told or not. */
  closed(targetId: string): void {
    this.#pages.delete(targetId)
  }

  /** Sets again what it has set by this command: somebody else has set the same for a page of its. */
  setAgain(method: string): void {
    for (const { sessionId, overrides } of this.#hub.attachments.of(this)) {
      const params = fieldsOf(overrides.get(method))
      if (params !== null) this.#hub.ask(method, params, sessionId).catch(() => undefined)
    }
  }

  /** Its connection is over: nothing more is delivered, and the hub lets go of it. */
  leave(): void {
    if (this.#over) return
    this.#over = true
    for (const id of this.#pending) this.#hub.forget(id)
    this.#pending.clear()
    this.#hub.detach(this)
  }

  /** It is over from this side. */
  lost(why: string): void {
    if (this.#over) return
    this.leave()
    this.#end.closed(why)
  }

  async #tellProgress({ sessionId }: Attachment<HubClient>, method: string, params: Fields): Promise<void> {
    const told = await this.#downloads.progress(params)
    if (this.#over || told === null) return
    this.#end.deliver(JSON.stringify({ method, params: told, ...(sessionId === this.root ? {} : { sessionId }) }))
  }

  /** It has said so in the older way, for which the browser tells nothing. */
  #hearOfDownloads(params: Fields): void {
    if (!this.#downloads.wish(params)) return
    const ours = { ...this.#hub.ownMessages.downloads, eventsEnabled: true }
    this.#hub.ask('Browser.setDownloadBehavior', ours, this.root).catch(() => undefined)
  }

  #passWhenSafe(
    command: Command,
    attachment: Attachment<HubClient>,
    { closes, params, answered }: Extract<Verdict, { kind: 'pass' }>,
  ): void {
    const pass = (): void => this.#pass(command, attachment, params ?? command.params, answered)
    if (command.method === 'Browser.setDownloadBehavior' && this.#downloads.wish(command.params))
      return this.#pass(command, attachment, { ...params, eventsEnabled: true }, answered)
    if (closes === undefined) return pass()
    const { targetId = attachment.targetId } = command.params
    const close = (): void => {
      if (!this.#over) pass()
    }
    this.#hub.leaveAPage(plainText(targetId)).then(close, close)
  }

  #pass(command: Command, attachment: Attachment<HubClient>, params: Fields, answered: Answered | undefined): void {
    const { id, method } = command
    this.#note(attachment, method, params)
    const sent = this.#hub.send({ method, params, sessionId: attachment.sessionId }, (answer) => {
      this.#pending.delete(sent)
      if (this.#over) return
      const changed = this.#answer(answered, method, params, answer)
      if (changed === null) this.#deliver(answer, id)
      else this.#tell(command, changed)
    })
    this.#pending.add(sent)
  }

  /** The page that a frame or worker of a process of its own belongs to; undefined when it was attached to by itself. */
  #pageOf(attachment: Attachment<HubClient>): string | undefined {
    for (let at: Attachment<HubClient> | undefined = attachment; at !== undefined; at = this.#hub.attachments.get(at.parent ?? ''))
      if (at.type === 'page') return at.targetId
    return undefined
  }

  /** What a command changes of what is known of its session. */
  #note(attachment: Attachment<HubClient>, method: string, params: Fields): void {
    if (method === 'Page.enable' || method === 'Page.disable') this.#hub.attachments.watch(attachment, method === 'Page.enable')
    if (method.startsWith('Emulation.set')) attachment.overrides.set(method, params)
    if (method.startsWith('Emulation.clear')) attachment.overrides.delete(method.replace('.clear', '.set'))
    if (method !== 'Runtime.runIfWaitingForDebugger' || attachment.waiting === null) return
    clearTimeout(attachment.waiting)
    attachment.waiting = null
  }

  /** What the client is told in place of the browser's answer; null for just that. */
  #answer(
    answered: Answered | undefined,
    method: string,
    params: Fields,
    { message }: Said,
  ): { result: Fields } | { error: ProtocolError } | null {
    if (answered === undefined && method !== 'Target.attachToTarget') return null
    const result = fieldsOf(fieldsOf(JSON.parse(message.toString('utf8')))?.['result'])
    if (result === null) return null
    if (method === 'Target.attachToTarget' && this.#hub.attachments.get(String(result['sessionId']))?.hidden === true)
      return { error: targetNotFound }
    if (answered === 'context-made') this.contexts.add(String(result['browserContextId']))
    if (answered === 'context-gone') this.contexts.delete(plainText(params['browserContextId']))
    if (answered === 'page-made') this.#pages.add(String(result['targetId']))
    if (answered === 'only-own-contexts')
      return { result: { ...result, browserContextIds: listOf(result['browserContextIds']).filter((id) => this.contexts.has(String(id))) } }
    if (answered === 'only-visible-targets')
      return { result: { targetInfos: listOf(result['targetInfos']).filter((info) => this.#targets.sees(info as TargetInfo)) } }
    return null
  }

  /** Keeps the book of sessions and targets; false when the client is not to be told. */
  #shows(attachment: Attachment<HubClient>, method: string, params: Fields): boolean {
    switch (method) {
      case 'Target.attachedToTarget':
        return this.#attached(attachment, params)
      case 'Target.detachedFromTarget':
        return !this.#hub.attachments.remove(plainText(params['sessionId'])).some(({ hidden }) => hidden)
      case 'Target.targetCreated':
      case 'Target.targetInfoChanged': {
        const info = targetInfoOf(params)
        return info !== null && this.#targets.sees(info)
      }
      case 'Target.targetDestroyed':
        return this.#targets.gone(plainText(params['targetId']))
      case 'Target.targetCrashed':
        return !this.#targets.hides(plainText(params['targetId']))
      case 'Target.receivedMessageFromTarget':
        return false
      default:
        return true
    }
  }

  #attached(parent: Attachment<HubClient>, params: Fields): boolean {
    const info = targetInfoOf(params)
    const sessionId = plainText(params['sessionId'])
    if (info === null) return false
    this.#targets.attached(info)
    const hidden = parent.hidden || !this.#targets.sees(info)
    const attachment = this.#hub.attachments.add(sessionId, this, info, parent.sessionId, hidden)
    if (hidden) {
      const quietly = (): void => undefined
      this.#hub.ask('Runtime.runIfWaitingForDebugger', {}, sessionId).catch(quietly)
      this.#hub.ask('Target.detachFromTarget', { sessionId }, parent.sessionId).catch(quietly)
      return false
    }
    if (params['waitingForDebugger'] === true) attachment.waiting = this.#goOnWithout(attachment)
    if (this.#hub.attachments.size > mostSessions && this.#hub.attachments.of(this).length > mostSessions)
      this.lost(`It has more than ${mostSessions} sessions`)
    return true
  }

  /** A page that stands still for a client that has stopped would stand still for everybody. */
  #goOnWithout(attachment: Attachment<HubClient>): NodeJS.Timeout {
    const { stuckAfter } = this.#hub.limits
    const timer = setTimeout(() => {
      attachment.waiting = null
      this.#hub.ask('Runtime.runIfWaitingForDebugger', {}, attachment.sessionId).catch(() => undefined)
    }, stuckAfter)
    return timer.unref()
  }

  #deliver({ message, envelope }: Said, id?: number): void {
    const sessionless = envelope.sessionId === this.root
    this.#end.deliver(readdressed(message, envelope, { ...(id === undefined ? {} : { id }), sessionless }))
  }

  #tell({ id, sessionId }: { id?: number; sessionId?: string }, outcome: { result: Fields } | { error: ProtocolError }): void {
    if (!this.#over) this.#end.deliver(JSON.stringify({ id, ...outcome, sessionId }))
  }

  #refuse(command: { id?: number; sessionId?: string }, error: ProtocolError): void {
    this.#tell(command, { error })
  }
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
