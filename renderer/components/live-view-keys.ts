/** What a key in the live view is meant for: the page, the person's input method, or the view itself. */
import { keyCommand } from './live-view-input.ts'

export type KeyMeaning =
  /** An input method or a dead key has it; what comes of it is text. */
  | { is: 'composed' }
  /** The clipboard's own event follows, with what the page cannot read from ours. */
  | { is: 'pasted' }
  | { is: 'find' }
  | { is: 'zoom'; by: 1 | -1 | 0 }
  | { is: 'key'; command: ReturnType<typeof keyCommand> }

export function meaningOf(action: 'down' | 'up', event: KeyboardEvent): KeyMeaning {
  // 229 is what browsers say for a key that an input method has taken.
  if (event.isComposing || event.keyCode === 229 || event.key === 'Dead' || event.key === 'Process') return { is: 'composed' }
  if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
    const key = event.key.toLowerCase()
    if (key === 'v') return { is: 'pasted' }
    if (key === 'f') return { is: 'find' }
    if (key === '0') return { is: 'zoom', by: 0 }
    if (key === '-') return { is: 'zoom', by: -1 }
  }
  if ((event.ctrlKey || event.metaKey) && !event.altKey && (event.key === '+' || event.key === '=')) return { is: 'zoom', by: 1 }
  return { is: 'key', command: keyCommand(action, event) }
}

/** Keys that the person's own system keeps for itself, or that a keyboard lacks. */
export const specialKeys = [
  [
    { label: 'Esc', key: 'Escape', keyCode: 27 },
    { label: 'Tab', key: 'Tab', keyCode: 9 },
    { label: 'Shift+Tab', key: 'Tab', keyCode: 9, modifiers: 8 },
    { label: 'Enter', key: 'Enter', keyCode: 13 },
    { label: 'Insert', key: 'Insert', keyCode: 45 },
    { label: 'Delete', key: 'Delete', keyCode: 46 },
  ],
  [
    { label: 'Ctrl+W', key: 'w', code: 'KeyW', keyCode: 87, modifiers: 2 },
    { label: 'Ctrl+F', key: 'f', code: 'KeyF', keyCode: 70, modifiers: 2 },
    { label: 'Ctrl+V', key: 'v', code: 'KeyV', keyCode: 86, modifiers: 2 },
    { label: 'Ctrl+Alt+Delete', key: 'Delete', keyCode: 46, modifiers: 3 },
    { label: 'Alt+Left', key: 'ArrowLeft', keyCode: 37, modifiers: 1 },
    { label: 'Print screen', key: 'PrintScreen', keyCode: 44 },
  ],
  Array.from({ length: 12 }, (_, at) => ({ label: `F${at + 1}`, key: `F${at + 1}`, keyCode: 112 + at })),
] as const satisfies readonly (readonly SpecialKey[])[]

export interface SpecialKey {
  label: string
  key: string
  /** The same as `key` when left out. */
  code?: string
  keyCode: number
  modifiers?: number
}

/** Pressed and let go. */
export function strokeOf({ key, code = key, keyCode, modifiers = 0 }: SpecialKey) {
  const stroke = { type: 'key', key, code, keyCode, modifiers } as const
  return [
    { ...stroke, action: 'down' },
    { ...stroke, action: 'up' },
  ] as const
}
