/** Clients as servers meet them: who asks for something, what each can be asked in return, and where the question goes. */
import type { ClientCapabilities, RequestOptions } from '@modelcontextprotocol/client'
import type { Json, Message } from './connection.ts'

/** One client; of the stateless era, whose clients cannot be told apart, all of a session. Compared by identity. */
export interface Caller {
  /** Names it among those of its session; never a secret. */
  client: string
  /** Id of its session, and of the account that pays. */
  session: string
  account: string
  capabilities: ClientCapabilities
  /** The client whose one call this stands for: a stateless one answers each call's questions for itself. */
  of?: Caller
  /** What a server asks when no request of the client's is under way. */
  ask(message: Message, signal: AbortSignal): Promise<Json>
  /** What a server says then. */
  notify(message: Message): void
  /** From which level on it wants to hear what servers log; undefined while it has not said. */
  logLevel?(): string | undefined
  /** What its own connection to a server offers has changed. */
  onTools(): void
}

export interface CallOptions extends RequestOptions {
  /** Hears what the server says while nobody else can be meant. */
  onNotification?: (message: Message) => void
  /** Whose request it is; nobody's in particular when left out. */
  caller?: Caller
  /** Takes what the server asks while this request is under way; that of the caller when left out. */
  ask?: (message: Message, signal: AbortSignal) => Promise<Json>
}

/** True for a client that servers may ask things. */
export function canBeAsked({ sampling, elicitation, roots }: ClientCapabilities): boolean {
  return sampling !== undefined || elicitation !== undefined || roots !== undefined
}

/** What a server is told that its clients can do, once one has come that can do any of it. */
export const askable: ClientCapabilities = { sampling: {}, elicitation: { form: {}, url: {} }, roots: { listChanged: true } }

/** Whether a client can do what a server asks of it. */
export function canAnswer({ sampling, elicitation, roots }: ClientCapabilities, { method, params }: Message): boolean {
  if (method === 'sampling/createMessage') return sampling !== undefined
  if (method === 'roots/list') return roots !== undefined
  if (method !== 'elicitation/create' || elicitation === undefined) return false
  // A client that names neither way takes forms, as all did before there were two.
  return params?.['mode'] === 'url' ? elicitation.url !== undefined : elicitation.form !== undefined || elicitation.url === undefined
}
