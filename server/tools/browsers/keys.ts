/** Keys by the names that people give them. */
import type { KeyInput } from 'puppeteer-core'
import { z } from 'zod'
import { BrowserFault } from '../../browsers/fault.ts'

export const modifier = z.enum(['Alt', 'Control', 'Meta', 'Shift'])

const others: Readonly<Record<string, string>> = {
  ...{ ctrl: 'Control', cmd: 'Meta', command: 'Meta', option: 'Alt', esc: 'Escape', return: 'Enter', del: 'Delete', space: 'Space' },
  ...{ up: 'ArrowUp', down: 'ArrowDown', left: 'ArrowLeft', right: 'ArrowRight', pgup: 'PageUp', pgdn: 'PageDown' },
}
const names = [
  ...[
    'Alt',
    'AltLeft',
    'AltRight',
    'Control',
    'Meta',
    'Shift',
    'Enter',
    'Escape',
    'Tab',
    'Space',
    'Backspace',
    'Delete',
    'Insert',
    'Home',
    'End',
  ],
  ...['PageUp', 'PageDown', 'ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight', 'ContextMenu', 'CapsLock', 'PrintScreen'],
  ...Array.from({ length: 24 }, (_, index) => `F${index + 1}`),
]
const known = new Map(names.map((name) => [name.toLowerCase(), name]))

/** `Control+Shift+a` in that order. Throws `page-failed` for a name that no key has. */
export function keysOf(written: string): KeyInput[] {
  return written.split(/\+(?=.)/).map((part) => {
    // One character is its own key, as on any keyboard.
    const name = part.length === 1 ? part : known.get((others[part.toLowerCase()] ?? part).toLowerCase())
    if (name === undefined || (part.length === 1 && !/^[\x20-\x7e]$/.test(part)))
      throw new BrowserFault(
        'page-failed',
        `There is no key ${JSON.stringify(part)}; keys are Enter, Escape, Tab, ArrowDown, F5, a, Control+a and the like. browser_type writes text`,
      )
    return name as KeyInput // one of the library's names, or a character that every keyboard has
  })
}
