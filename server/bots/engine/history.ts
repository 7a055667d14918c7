/** Messages from before this device was there, as the phone hands them over. */
import type { Message, MessageKey } from './message.ts'

export interface HistoryBounds {
  days: number
  messages: number
}

export type HistoryHappening =
  /** A few at a time, each chat's newest first. `request` names what was asked for; null for what comes after linking. */
  | { type: 'older'; request: string | null; messages: readonly Message[] }
  /** All of it is there. */
  | { type: 'history'; request: string | null; chat: string | null; came: number }

export interface HistoryCalls {
  /**
   * Asks the phone for messages before this one, and resolves with what names them when they have come as `older` and `history`. Throws
   * `phone-unanswered`.
   */
  older(chat: string, before: MessageKey & { at: number }, count: number): Promise<string>
}
