/** What rooms add to the command palette. */
import { onScopeDispose, shallowReactive, type ComputedRef } from 'vue'
import type { StatePresentation } from '../presentation/tone.ts'

export interface Command {
  label: string
  icon: string
  /** Quiet words after the label, e.g. the room or an address. */
  suffix?: string
  /** Red: ends something. */
  color?: 'error'
  kbds?: string[]
  /** How the thing is that it leads to. */
  state?: StatePresentation
  /** Offered to who searches, not to who looks. */
  searched?: true
  onSelect(): void
}

export interface CommandSource {
  sessions?: ComputedRef<Command[]>
  actions?: ComputedRef<Command[]>
}

/** Those that are mounted. */
export const commandSources = shallowReactive(new Set<CommandSource>())

/** Adds commands for as long as the calling component or store lives. */
export function provideCommands(source: CommandSource): void {
  commandSources.add(source)
  onScopeDispose(() => commandSources.delete(source))
}
