/**
 * Calls of bots.
 *
 * What holds:
 * - A call is told once for each state it comes to, also when WhatsApp tells it again after a return; one that is over stays over.
 * - A call that is over is one line of the log, at the time it rang.
 */
import { iso } from '../../clock.ts'
import { reasonOf } from '../../isolation.ts'
import type { Log } from '../../log.ts'
import type { Bot } from '../bot/bot.ts'
import type { CallView } from '../contract/native/calls.ts'
import type { BotEvent } from '../contract/native/events.ts'
import type { CallHappening } from '../engine/calls.ts'
import type { Happening } from '../engine/happenings.ts'
import { BotFault } from '../fault.ts'
import type { LogStore } from '../messages/log-store.ts'
import type { Outbox } from '../messages/outbox.ts'
import type { CallRow, CallState, CallStore } from './calls-store.ts'

export interface CallsParts {
  store: CallStore
  outbox: Pick<Outbox, 'add'>
  chatLog: Pick<LogStore, 'add'>
  log: Pick<Log, 'warn'>
  tell(event: BotEvent): void
}

export class Calls {
  readonly #parts: CallsParts

  constructor(parts: CallsParts) {
    this.#parts = parts
  }

  onHappening(bot: Bot, happening: Happening): void {
    if (happening.type !== 'call') return
    const { userId, settings } = bot.row
    const known = this.#parts.store.find(userId, happening.id)
    const state = stateOf(happening, known)
    if (known !== null && (known.state === state || known.state !== 'offered') && !(known.state === 'accepted' && state === 'ended')) return
    const { id, chat, person, video, at, group, isOld } = happening
    this.#note(bot, known === null ? { id, chat, person, video, state, at } : { ...known, state })
    if (state !== 'offered' || isOld || !settings.rejectCalls) return
    this.#rejectForSetting(bot, { id, person, isGroup: group !== null }).catch((error: unknown) => {
      this.#parts.log.warn({ bot: userId, error: reasonOf(error) }, 'a call could not be refused')
    })
  }

  list(userId: string, limit: number): CallView[] {
    return this.#parts.store.list(userId, limit).map(callView)
  }

  /** Throws `call-not-found`, and `call-over`. */
  async reject(bot: Bot, id: string, text: string | null): Promise<void> {
    const call = this.#parts.store.find(bot.row.userId, id)
    if (call === null) throw new BotFault('call-not-found', 'No such call')
    if (call.state !== 'offered') throw new BotFault('call-over', `The call does not ring any more: it was ${call.state}`)
    if (bot.live === null) throw new BotFault('bot-not-online', 'This session is not online')
    await bot.live.calls.reject(id, call.person)
    this.#noteRejected(bot, id)
    if (text !== null) this.#answer(bot, id, call.person, text)
  }

  trim(userId: string, before: number): void {
    this.#parts.store.trim(userId, before)
  }

  async #rejectForSetting(bot: Bot, { id, person, isGroup }: { id: string; person: string; isGroup: boolean }): Promise<void> {
    await bot.live?.calls.reject(id, person)
    this.#noteRejected(bot, id)
    const { rejectCallsText } = bot.row.settings
    if (rejectCallsText !== null && !isGroup) this.#answer(bot, id, person, rejectCallsText)
  }

  /** Others may have done so meanwhile, or the caller has hung up. */
  #noteRejected(bot: Bot, id: string): void {
    const call = this.#parts.store.find(bot.row.userId, id)
    if (call?.state === 'offered') this.#note(bot, { ...call, state: 'rejected' })
  }

  /** Once for each call. */
  #answer(bot: Bot, id: string, person: string, text: string): void {
    const content = { type: 'text', text } as const
    this.#parts.outbox.add(bot, { chat: person, content, replyTo: null, idempotencyKey: `call:${id}` })
  }

  #note({ row: { userId, settings } }: Bot, call: CallRow): void {
    const { store, tell, chatLog } = this.#parts
    store.put(userId, call)
    tell({ type: 'call', userId, call: callView(call) })
    const { id, chat, person, at, video, state } = call
    if (state === 'offered' || state === 'accepted' || !settings.keepsLog) return
    chatLog.add(userId, {
      ...{ id, chat, author: person, authorName: null, fromMe: false, at, kind: 'call', text: '' },
      ...{ details: { call: { video, state } }, quoted: null, reactsTo: null },
    })
  }
}

/** A caller who hangs up before anybody took it was missed. */
function stateOf({ state }: CallHappening, known: CallRow | null): CallState {
  if (state !== 'over') return state
  return known?.state === 'accepted' ? 'ended' : 'missed'
}

function callView({ at, ...call }: CallRow): CallView {
  return { ...call, at: iso(at) }
}
