/** Hands a view's mouse and keyboard to a page. Never waits for the page: what it does not take is dropped and said. */
import type { CDPSession, Protocol } from 'puppeteer-core'
import type { ViewCommand } from '../contract/live-view-messages.ts'

type Mouse = Extract<ViewCommand, { type: 'mouse' }>
type Key = Extract<ViewCommand, { type: 'key' }>

export interface ViewInput {
  mouse(command: Mouse): void
  key(command: Key): void
  text(text: string): void
  /** Text that is not final yet. */
  compose(text: string, start: number, end: number): void
  /** As the shortcut of this name does. */
  shortcut(command: 'copy' | 'cut'): void
  /** Resolves when the page has taken what was given to it so far. */
  settled(): Promise<unknown>
  /** What is given from now on reaches the page after this; it never rejects. */
  after(ready: Promise<unknown>): void
  /** Lets go of every button and key, so that the page is not left with one held down. */
  release(): void
}

/** Inputs that the page has not taken yet; a hung page takes none. */
const mostWaiting = 100
const buttonBit = { none: 0, left: 1, right: 2, middle: 4 } as const
/** Chromium off macOS knows no shortcuts with the command key; a person at a Mac expects them all the same. */
const commandKeys: Readonly<Record<string, string>> = { a: 'selectAll', c: 'copy', x: 'cut', v: 'paste', z: 'undo' }
const commandModifier = 4

/** Takes what is given to the page, in its order. */
export interface ViewTarget extends Pick<CDPSession, 'send'> {
  /** Where text without keys goes: keys find their way to the process of a frame, text does not. Null: as keys do. */
  textTarget?(): Pick<CDPSession, 'send'> | null
  /** By how much larger the page is drawn than it is. */
  drawn?(): number
}

export function createViewInput(cdp: ViewTarget, onProblem: (message: string) => void): ViewInput {
  /** What the page has not taken yet. */
  const under = new Set<Promise<void>>()
  /** Of these, buttons that go down or up. */
  const presses = new Set<Promise<void>>()
  /** What follows waits for this one, which goes another way. */
  let gate: Promise<unknown> | null = null
  let stuck = false
  let motionUnderWay = false
  /** Moves and turns of the wheel that came while one was under way, made into one. */
  let nextMotion: Mouse | null = null
  const buttons = new Map<Exclude<Mouse['button'], 'none'>, Mouse>()
  const keys = new Map<string, Key>()

  return {
    mouse(command) {
      if (command.action === 'move' || command.action === 'wheel') return moved(command)
      sendMotion()
      if (command.button !== 'none') {
        if (command.action === 'down') buttons.set(command.button, command)
        else buttons.delete(command.button)
      }
      dispatchMouse(command)
    },
    key(command) {
      sendMotion()
      if (command.action === 'down') keys.set(command.code, command)
      else keys.delete(command.code)
      dispatchKey(command)
    },
    text(text) {
      sendMotion()
      dispatchText((target) => target.send('Input.insertText', { text }))
    },
    compose(text, start, end) {
      sendMotion()
      dispatchText((target) => target.send('Input.imeSetComposition', { text, selectionStart: start, selectionEnd: end }))
    },
    shortcut(command) {
      const key = command === 'copy' ? 'c' : 'x'
      afterPresses()
      const pressed = { key, code: `Key${key.toUpperCase()}`, windowsVirtualKeyCode: key.toUpperCase().charCodeAt(0), modifiers: 2 }
      dispatch(() => cdp.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', ...pressed, commands: [command] }))
      dispatch(() => cdp.send('Input.dispatchKeyEvent', { type: 'keyUp', ...pressed }))
    },
    settled: () => Promise.allSettled(under),
    after: hold,
    release() {
      nextMotion = null
      for (const held of buttons.values()) dispatchMouse({ ...held, action: 'up' })
      for (const held of keys.values()) dispatchKey({ ...held, action: 'up', text: '' })
      buttons.clear()
      keys.clear()
    },
  }

  function moved(command: Mouse): void {
    if (nextMotion !== null && nextMotion.action !== command.action) sendMotion()
    const turned = nextMotion?.action === 'wheel' && command.action === 'wheel'
    nextMotion =
      turned && nextMotion !== null
        ? { ...command, deltaX: command.deltaX + nextMotion.deltaX, deltaY: command.deltaY + nextMotion.deltaY }
        : command
    if (!motionUnderWay) sendMotion()
  }

  /** Sends what has gathered; also ahead of a click, which must land where the pointer was. */
  function sendMotion(): void {
    const motion = nextMotion
    if (motion === null) return
    nextMotion = null
    motionUnderWay = true
    dispatchMouse(motion, () => {
      motionUnderWay = false
      sendMotion()
    })
  }

  function dispatchMouse(command: Mouse, taken?: () => void): void {
    const held = [...buttons.keys()].reduce((bits, button) => bits | buttonBit[button], 0)
    const type = ({ move: 'mouseMoved', down: 'mousePressed', up: 'mouseReleased', wheel: 'mouseWheel' } as const)[command.action]
    const [dragged] = buttons.keys()
    dispatch(
      () =>
        cdp.send('Input.dispatchMouseEvent', {
          type,
          x: command.x * (cdp.drawn?.() ?? 1),
          y: command.y * (cdp.drawn?.() ?? 1),
          modifiers: command.modifiers,
          // A move with a button held is a drag only when it names the button.
          button: command.action === 'move' ? (dragged ?? 'none') : command.button,
          buttons: held,
          clickCount: command.clicks,
          ...(command.action === 'wheel' ? { deltaX: command.deltaX, deltaY: command.deltaY } : {}),
        }),
      { taken, isPress: command.action === 'down' || command.action === 'up' },
    )
  }

  /**
   * The browser looks up what lies under a press, while a key goes at once to what has the focus: it must not overtake the press that gives
   * the focus.
   */
  function afterPresses(): void {
    if (presses.size > 0) hold(Promise.allSettled(presses))
  }

  /** Also behind what is waited for already; `until` never rejects. */
  function hold(until: Promise<unknown>): void {
    const both = gate === null ? until : Promise.all([gate, until])
    gate = both
    void both.then(() => {
      if (gate === both) gate = null
    })
  }

  function dispatchKey(command: Key): void {
    afterPresses()
    const text = command.text === '' && command.key === 'Enter' ? '\r' : command.text
    const shortcut = command.modifiers & commandModifier ? commandKeys[command.key.toLowerCase()] : undefined
    const event: Protocol.Input.DispatchKeyEventRequest = {
      type: command.action === 'up' ? 'keyUp' : text === '' ? 'rawKeyDown' : 'keyDown',
      key: command.key,
      code: command.code,
      modifiers: command.modifiers,
      windowsVirtualKeyCode: command.keyCode,
      nativeVirtualKeyCode: command.keyCode,
      ...(command.action === 'down' && text !== '' ? { text, unmodifiedText: text } : {}),
      ...(command.action === 'down' && shortcut !== undefined ? { commands: [shortcut] } : {}),
    }
    dispatch(() => cdp.send('Input.dispatchKeyEvent', event))
  }

  function dispatch(
    send: () => Promise<unknown>,
    { taken, isPress = false }: { taken?: (() => void) | undefined; isPress?: boolean } = {},
  ): void {
    if (under.size >= mostWaiting) {
      if (!stuck) onProblem('The page does not answer; what you type is dropped')
      stuck = true
      return
    }
    const settle = () => {
      under.delete(sent)
      presses.delete(sent)
      stuck = false
      taken?.()
    }
    const sent: Promise<void> = (gate === null ? send() : gate.then(send)).then(settle, settle)
    under.add(sent)
    if (isPress) presses.add(sent)
  }

  /** In its order also where it goes another way than keys do. */
  function dispatchText(send: (target: Pick<CDPSession, 'send'>) => Promise<unknown>): void {
    const other = cdp.textTarget?.() ?? null
    if (other === null) {
      afterPresses()
      dispatch(() => send(cdp))
      return
    }
    const own = Promise.allSettled(under).then(() => send(other))
    dispatch(() => own)
    hold(
      own.then(
        () => undefined,
        () => undefined,
      ),
    )
  }
}
