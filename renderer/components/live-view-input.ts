/** Turns what a person does on the picture into input for the page: same place, same key. */
import type { SentViewCommand } from '../../server/browsers/contract/live-view-messages.ts'
import type { PageSize } from './live-view-client.ts'

type Mouse = Extract<SentViewCommand, { type: 'mouse' }>

const buttons = ['left', 'middle', 'right'] as const
/** Bits of `MouseEvent.buttons`, in the order of `buttons`. */
const buttonBits = [1, 4, 2]

/** CDP's bits: Alt 1, Ctrl 2, Meta 4, Shift 8. */
export function modifiersOf({
  altKey,
  ctrlKey,
  metaKey,
  shiftKey,
}: Pick<MouseEvent, 'altKey' | 'ctrlKey' | 'metaKey' | 'shiftKey'>): number {
  return (altKey ? 1 : 0) + (ctrlKey ? 2 : 0) + (metaKey ? 4 : 0) + (shiftKey ? 8 : 0)
}

/** The place on the page under a place on the picture. */
export function pagePoint(
  event: Pick<MouseEvent, 'offsetX' | 'offsetY'>,
  picture: { clientWidth: number; clientHeight: number },
  page: PageSize,
): { x: number; y: number } {
  return {
    x: picture.clientWidth === 0 ? 0 : (event.offsetX / picture.clientWidth) * page.width,
    y: picture.clientHeight === 0 ? 0 : (event.offsetY / picture.clientHeight) * page.height,
  }
}

export function mouseCommand(action: Mouse['action'], event: MouseEvent, picture: HTMLElement, page: PageSize): Mouse {
  const pressed =
    action === 'move' || action === 'wheel'
      ? buttons.find((_, index) => (event.buttons & (buttonBits[index] ?? 0)) !== 0)
      : buttons[event.button]
  return {
    type: 'mouse',
    action,
    ...pagePoint(event, picture, page),
    button: pressed ?? 'none',
    clicks: action === 'down' || action === 'up' ? Math.min(3, Math.max(1, event.detail)) : 0,
    modifiers: modifiersOf(event),
    ...(event instanceof WheelEvent ? { deltaX: event.deltaX, deltaY: event.deltaY } : {}),
  }
}

/** A key with a character types it, unless Ctrl or Meta make it a shortcut. */
export function keyCommand(action: 'down' | 'up', event: KeyboardEvent): Extract<SentViewCommand, { type: 'key' }> {
  const { key, code, keyCode } = event
  const shortcut = (event.ctrlKey && !event.altKey) || event.metaKey
  const text = action === 'up' || shortcut ? '' : key === 'Enter' ? '\r' : key.length === 1 ? key : ''
  return {
    type: 'key',
    action,
    key: key.slice(0, 40),
    code: code.slice(0, 40),
    text,
    keyCode: Math.min(255, keyCode),
    modifiers: modifiersOf(event),
  }
}
