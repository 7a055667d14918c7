/** One connection to a server that is one client's, or one session's, alone. */
import { escape } from '../../isolation.ts'
import { canBeAsked, type CallOptions, type Caller } from './callers.ts'
import type { AskingTools } from './asking-tools.ts'
import type { Json, Message, UpstreamConnection, UpstreamConnectionOptions } from './connection.ts'
import { ListReading } from './list-reading.ts'
import { settingOf, takesLevels } from './log-wishes.ts'
import { Questions } from './questions.ts'
import type { ToolDefinition } from './store.ts'
import { withoutTwins } from './twins.ts'

/** As it is shown. */
export interface OwnProcess {
  id: string
  /** Id of the session it serves. */
  session: string
  /** The client it serves alone; null when it serves all of the session. */
  client: string | null
  pid: number | null
  /** Ms since the epoch. */
  since: number
  lastUsed: number
  /** Requests under way, and those that wait for their turn. */
  busy: number
}

export interface OwnConnectionParts {
  id: string
  /** It is one client's; else all of its session use it. */
  alone: boolean
  tools: AskingTools
  related: boolean
  listTimeout: number
  /** Ms after the last request. */
  idleAfter: number
  now(): number
  connect(options: Pick<UpstreamConnectionOptions, 'onNotification' | 'onRequest'>): Promise<UpstreamConnection>
  /** `mayAsk`: as it lists them for a client that can be asked. */
  learn(tools: readonly ToolDefinition[], mayAsk: boolean): void
  changed(): void
  onIdle(): void
  /** It is of no more use, for this reason: what opens it is to give up. */
  onGone(reason: Error): void
  /** Nothing of it is left. */
  onEnded(): void
  note(text: string): void
}

export class OwnConnection {
  readonly id: string
  readonly #parts: OwnConnectionParts
  readonly #questions: Questions
  readonly #list: ListReading
  readonly #members = new Set<Caller>()
  readonly #since: number
  #ready: Promise<UpstreamConnection> | undefined
  /** Also while its tools are read for the first time. */
  #connection: UpstreamConnection | undefined
  #isOpen = false
  #tools: readonly ToolDefinition[] | undefined
  #session = ''
  #mayAsk = false
  #lastUsed: number
  #idle: NodeJS.Timeout | undefined
  /** Why it is of no more use. */
  #over: Error | undefined
  #ending: Promise<void> | undefined

  constructor(parts: OwnConnectionParts) {
    this.#parts = parts
    this.id = parts.id
    this.#since = this.#lastUsed = parts.now()
    this.#questions = new Questions({
      ...{ tools: parts.tools, related: parts.related, note: parts.note },
      only: () => (this.#members.size === 1 ? [...this.#members][0] : undefined),
      rooted: () => [...this.#members].filter(({ capabilities }) => capabilities.roots !== undefined),
    })
    this.#list = new ListReading({
      list: 'tools',
      timeout: () => parts.listTimeout,
      isCurrent: () => this.#over === undefined,
      onRead: (_, well, changed) => {
        if (well) this.#listed(changed)
      },
      note: parts.note,
    })
  }

  /** Requests under way, and those that wait for their turn. */
  get size(): number {
    return this.#questions.size
  }
  /** Something runs there, or it is being opened for somebody. */
  get isBusy(): boolean {
    return this.#over === undefined && (this.size > 0 || !this.#isOpen)
  }
  /** Of those that may make room one that ends already comes first. */
  get lastUsed(): number {
    return this.#over === undefined ? this.#lastUsed : 0
  }
  get tools(): readonly ToolDefinition[] | undefined {
    return this.#tools
  }
  /** The server was told of a client that can be asked. */
  get mayAsk(): boolean {
    return this.#mayAsk
  }
  get ready(): Promise<unknown> {
    return this.#ready ?? Promise.reject(new Error('It is not open'))
  }

  /** Once. */
  open(caller: Caller): void {
    this.#session = caller.session
    this.#mayAsk = canBeAsked(caller.capabilities)
    this.join(caller)
    this.#ready = this.#open(caller)
    this.#ready.catch((error: Error) => this.close(error)).catch(escape)
  }

  join(caller: Caller): void {
    this.#members.add(caller)
  }

  leave(caller: Caller): void {
    this.#members.delete(caller)
  }

  async request(caller: Caller, message: Message, options: CallOptions): Promise<Json> {
    const { onNotification, caller: given = caller, ask, ...rest } = options
    clearTimeout(this.#idle)
    try {
      return await this.#questions.run(
        message,
        { caller: given, ...(ask === undefined ? {} : { ask }), ...(onNotification === undefined ? {} : { onNotification }) },
        async () => (await (this.#ready ?? Promise.reject(new Error('It is not open')))).request(message, rest),
      )
    } finally {
      this.#used()
    }
  }

  /** Resolves when the server has taken it, or will not. */
  async tellLevel(level: string): Promise<void> {
    const connection = this.#connection
    if (connection !== undefined && takesLevels(connection)) await connection.request(settingOf(level)).catch(() => undefined)
  }

  notify(message: Message): void {
    this.#connection?.notify(message).catch(() => undefined)
  }

  view(): OwnProcess {
    const [first] = this.#members
    return {
      id: this.id,
      session: this.#session,
      client: this.#parts.alone ? (first?.client ?? null) : null,
      pid: this.#connection?.pid ?? null,
      since: this.#since,
      lastUsed: this.#lastUsed,
      busy: this.size,
    }
  }

  /** Whatever it is doing; resolves when nothing of it is left. */
  close(reason = new Error('It is of no more use')): Promise<void> {
    this.#ending ??= this.#end(reason)
    return this.#ending
  }

  async #open(caller: Caller): Promise<UpstreamConnection> {
    const connection = await this.#parts.connect({
      onNotification: (message) => this.#hear(message),
      onRequest: (message, signal) => this.#questions.answer(message, signal),
    })
    try {
      this.#throwIfOver()
      this.#connection = connection
      connection.whenEnded((reason) => void this.close(new Error(reason)).catch(escape))
      await this.#list.read(connection)
      // What is wrong with one whose tools cannot be read nobody can tell: the next request opens another.
      if (this.#list.state === 'failed') throw new Error(this.#list.error ?? '')
      const level = caller.logLevel?.()
      if (level !== undefined) await this.tellLevel(level)
      this.#throwIfOver()
      this.#isOpen = true
      this.#used()
      return connection
    } catch (error) {
      // Nobody else knows of it: left open it would be a process more with every try.
      await connection.close()
      throw error
    }
  }

  #throwIfOver(): void {
    if (this.#over !== undefined) throw this.#over
  }

  #listed(changed: boolean): void {
    // What a tool list holds are tools; servers are not checked for more.
    this.#tools = withoutTwins('tools', this.#list.items).items as readonly object[] as readonly ToolDefinition[]
    this.#parts.learn(this.#tools, this.#mayAsk)
    this.#parts.changed()
    // Whoever it is opened for looks when it is.
    if (changed && this.#isOpen) for (const member of this.#members) member.onTools()
  }

  #hear(message: Message): void {
    if (message.method === 'notifications/tools/list_changed') {
      this.#ready?.then((connection) => this.#list.read(connection)).catch(() => undefined)
      return
    }
    // Other lists are read over the shared connection, which hears of their changes too.
    if (!message.method.endsWith('/list_changed')) this.#questions.hear(message)
  }

  #used(): void {
    const { now, idleAfter, onIdle } = this.#parts
    this.#lastUsed = now()
    clearTimeout(this.#idle)
    if (this.#over === undefined && this.size === 0) this.#idle = setTimeout(onIdle, idleAfter).unref()
  }

  async #end(reason: Error): Promise<void> {
    this.#over = reason
    clearTimeout(this.#idle)
    this.#list.stop()
    this.#parts.onGone(reason)
    try {
      await this.#connection?.close()
      await this.#ready?.catch(() => undefined)
    } finally {
      this.#parts.onEnded()
    }
  }
}
