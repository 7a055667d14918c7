/** The question that stands before something that cannot be undone; asked from a menu, a panel or the palette. */
import { reactive } from 'vue'

export type BotQuestion =
  | { about: 'unlink' | 'delete'; userId: string }
  | { about: 'restore'; userId: string; backup: string }
  | { about: 'download'; userId: string; backup: string }
  | { about: 'clear-log'; userId: string }

export const botQuestion = reactive<{ now: BotQuestion | null }>({ now: null })

export function ask(question: BotQuestion): void {
  botQuestion.now = question
}
