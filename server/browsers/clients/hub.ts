/**
 * Several programs at one browser's pipe. Our own driver speaks as if it were alone; each further client has an attachment to the browser,
 * or to one page, of its own. Ids of its commands are made unique on the way out and its own again on the way back; what its sessions say
 * reaches it alone; with its attachment goes all that it has set.
 *
 * Why not a port of Chromium's: whoever finds it drives the browser, and the browser outlives us. See
 * `docs/decisions/0003-chromium-by-pipe.md`.
 */
import type { Browser } from 'puppeteer-core'
import { isInternal } from '../page/targets.ts'
import type { PipeTransport } from '../process/pipe.ts'
import { Attachments } from './attachments.ts'
import { readEnvelope, type Said } from './envelope.ts'
import { HubClient, type ClientEnd, type Hub } from './hub-client.ts'
import { paramsOf, targetInfoOf, type Command, type Fields, type ProtocolError, type TargetInfo } from './messages.ts'
import { OwnMessages } from './own-messages.ts'
import { PageOpening } from './page-opening.ts'

export interface HubLimits {
  /** Ms that a new page stands still for a client that does not let it go on. */
  stuckAfter: number
}

/** Our driver's ids count from 1, and Chromium's are 31 bits long. */
const firstId = 1_000_000_000
const lastId = 2_147_483_647

const hubs = new WeakMap<Browser, CdpHub>()

/** The hub at the pipe of a browser; undefined for one that was started without. */
export const hubOf = (browser: Browser): CdpHub | undefined => hubs.get(browser)

export class CdpHub implements Hub {
  /** For our own driver. */
  readonly own: PipeTransport
  readonly opening = new PageOpening()
  readonly attachments = new Attachments<HubClient>()
  readonly ownMessages = new OwnMessages()
  readonly limits: HubLimits
  readonly #pipe: PipeTransport
  readonly #clients = new Set<HubClient>()
  readonly #pending = new Map<number, (answer: Said) => void>()
  /** Attachments that a client is about to get, by session. */
  readonly #fresh = new Map<string, TargetInfo>()
  /** The session in which attachments for clients are made. */
  readonly #control: Promise<string>
  #controlId: string | null = null
  /** Pages that clients are closing. */
  readonly #closing = new Set<string>()
  #leaving: Promise<unknown> = Promise.resolve()
  #nextId = firstId
  #closed = false

  constructor(pipe: PipeTransport, limits: HubLimits = { stuckAfter: 5_000 }) {
    this.#pipe = pipe
    this.limits = limits
    pipe.divert = (message) => this.#divert(message)
    this.own = {
      get unsent() {
        return pipe.unsent
      },
      send: (message) => this.#sendOwn(message),
      close: () => pipe.close(),
    }
    pipe.onmessage = (message) => this.own.onmessage?.(message)
    pipe.onclose = () => {
      this.#closed = true
      for (const client of this.#clients) client.lost('The browser has ended')
      this.#clients.clear()
      this.own.onclose?.()
    }
    // First of all that is said, so that nothing of our driver's is taken for its answer.
    this.#control = this.ask('Target.attachToBrowserTarget').then((result) => {
      this.#controlId = String(result['sessionId'])
      return this.#controlId
    })
    this.#control.catch(() => undefined)
  }

  /** Makes it known as that of our own driver. */
  serve(browser: Browser): void {
    hubs.set(browser, this)
  }

  /** Bytes that the browser has not taken yet. */
  get unsent(): number {
    return this.#pipe.unsent
  }

  /** Attaches a client to the browser, or to one page. Throws what the browser says against it. */
  async attach(end: ClientEnd, pageId: string | null): Promise<HubClient> {
    const control = await this.#control
    const { sessionId } =
      pageId === null
        ? await this.ask('Target.attachToBrowserTarget', {}, control)
        : await this.ask('Target.attachToTarget', { targetId: pageId, flatten: true }, control)
    const root = String(sessionId)
    const info = this.#fresh.get(root) ?? { targetId: pageId ?? '', type: pageId === null ? 'browser' : 'page', url: '' }
    this.#fresh.delete(root)
    if (this.#closed) throw new Error('The browser has ended')
    const client = new HubClient(this, end, root, info.targetId)
    this.attachments.add(root, client, info, null)
    this.#clients.add(client)
    return client
  }

  /** Lets go of a client: its sessions end, and what it has set and made is taken back. Does nothing the second time. */
  detach(client: HubClient): void {
    if (!this.#clients.delete(client) || this.#closed) return
    for (const { waiting } of this.attachments.of(client)) if (waiting !== null) clearTimeout(waiting)
    const gone = (): void => {
      this.attachments.remove(client.root)
      this.#setOwnAgain()
    }
    // Until that is answered more may come from its sessions, which is heard by nobody.
    this.ask('Target.detachFromTarget', { sessionId: client.root }, this.#controlId ?? undefined).then(gone, gone)
    for (const browserContextId of client.contexts)
      this.ask('Target.disposeBrowserContext', { browserContextId }, this.#controlId ?? undefined).catch(() => undefined)
  }

  /** Whether a context is a client's own; it alone sees what is in there. */
  isPrivate(contextId: string | undefined): boolean {
    return contextId !== undefined && [...this.#clients].some(({ contexts }) => contexts.has(contextId))
  }

  /** One of those who are here has opened this page. */
  wasOpenedByClient(pageId: string): boolean {
    return [...this.#clients].some((client) => client.hasOpened(pageId))
  }

  leaveAPage(closing: string): Promise<void> {
    this.#closing.add(closing)
    const checked = this.#leaving.then(() => this.#openAnother())
    this.#leaving = checked.catch(() => undefined)
    return checked
  }

  /** Passes a command on; `answered` gets what comes back. Returns the id that it has on the way. */
  send({ method, params, sessionId }: Omit<Command, 'id'>, answered: (answer: Said) => void): number {
    const id = this.#newId()
    const text = JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) })
    this.#pending.set(id, (answer) => {
      if (method === 'Target.createTarget') this.opening.over(id)
      answered(answer)
    })
    if (method === 'Target.createTarget') this.opening.open({ id, atBack: false, send: () => this.#pipe.send(text) })
    else this.#pipe.send(text)
    return id
  }

  /** Asks for ourselves. Throws the browser's error. */
  ask(method: string, params: Fields = {}, sessionId?: string): Promise<Fields> {
    return new Promise((resolve, reject) => {
      this.send({ method, params, ...(sessionId === undefined ? {} : { sessionId }) }, ({ message }) => {
        const { result, error } = JSON.parse(message.toString('utf8')) as { result?: Fields; error?: ProtocolError }
        if (error === undefined) resolve(result ?? {})
        else reject(new Error(error.message))
      })
    })
  }

  /** Nobody waits for this answer any more. */
  forget(id: number): void {
    this.#pending.delete(id)
    this.opening.over(id)
  }

  /** Where the session has no page but those that are closing. */
  async #openAnother(): Promise<void> {
    const { targetInfos } = await this.ask('Target.getTargets', { filter: [{ type: 'page' }] })
    // Chromium's own list, whose fields are those of its protocol.
    const pages = (targetInfos as TargetInfo[]).filter((page) => this.#isOfTheSession(page))
    const left = pages.filter(({ targetId }) => !this.#closing.has(targetId))
    for (const id of this.#closing) if (!pages.some(({ targetId }) => targetId === id)) this.#closing.delete(id)
    if (left.length === 0) await this.ask('Target.createTarget', { url: 'about:blank' })
  }

  #isOfTheSession({ targetId, url, browserContextId }: TargetInfo): boolean {
    return !this.isPrivate(browserContextId) && !this.opening.isAtBack(targetId) && !isInternal(url)
  }

  #sendOwn(message: string): void {
    const sent = this.ownMessages.read(message)
    if (sent?.method === 'Target.createTarget') {
      const atBack = sent.params['background'] === true
      return this.opening.open({ id: sent.id, atBack, send: () => this.#pipe.send(message) })
    }
    this.#pipe.send(message)
    // What a client has set for a page that is new to us holds: the client may have opened it.
    if (sent !== null && this.ownMessages.keep(sent)) for (const client of this.#clients) client.setAgain(sent.method)
  }

  /** True when the message is for a client, or for us. */
  #divert(message: Buffer): boolean {
    const envelope = readEnvelope(message)
    const { id, method, sessionId } = envelope
    if (id !== null) return this.#divertAnswer(id, { message, envelope })
    if (method === null) return false
    if (this.opening.opensAtBack && method.startsWith('Target.')) this.#notePage(message)
    if (method === 'Target.targetDestroyed' && sessionId === null) this.#noteClosed(message)
    if (sessionId === null) return this.#controlId === null && this.#noteFresh(method, message)
    if (sessionId === this.#controlId) {
      this.#hearControl(method, message)
      return true
    }
    const attachment = this.attachments.get(sessionId)
    if (attachment === undefined) return false
    if (this.#clients.has(attachment.client)) attachment.client.hear(attachment, method, { message, envelope })
    return true
  }

  #divertAnswer(id: number, answer: Said): boolean {
    if (id < firstId) {
      this.opening.over(id)
      return false
    }
    const answered = this.#pending.get(id)
    this.#pending.delete(id)
    answered?.(answer)
    return true
  }

  #notePage(message: Buffer): void {
    const info = targetInfoOf(paramsOf(message))
    if (info !== null) this.opening.appeared(info)
  }

  /** Of what our own driver is told, as it is told of all. */
  #noteClosed(message: Buffer): void {
    const targetId = String(paramsOf(message)['targetId'])
    for (const client of this.#clients) client.closed(targetId)
  }

  #noteFresh(method: string, message: Buffer): boolean {
    const params = paramsOf(message)
    const info = targetInfoOf(params)
    if (method !== 'Target.attachedToTarget' || info === null) return false
    this.#fresh.set(String(params['sessionId']), info)
    return true
  }

  #hearControl(method: string, message: Buffer): void {
    if (method === 'Target.attachedToTarget') this.#noteFresh(method, message)
    if (method !== 'Target.detachedFromTarget') return
    const attachment = this.attachments.get(String(paramsOf(message)['sessionId']))
    if (attachment !== undefined && this.#clients.has(attachment.client)) attachment.client.lost('The page was closed')
  }

  /** Where two set the same for one page and one of them takes it back, Chromium takes it back for both. */
  #setOwnAgain(): void {
    for (const { method, params, sessionId } of this.ownMessages.all())
      this.ask(method, params, sessionId).catch(() => {
        if (sessionId !== undefined) this.ownMessages.forget(sessionId)
      })
  }

  #newId(): number {
    const id = this.#nextId
    this.#nextId = id === lastId ? firstId : id + 1
    return id
  }
}
