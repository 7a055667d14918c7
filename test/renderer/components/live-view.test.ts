import { expect, it, vi } from 'vitest'
import { LiveView, type PageSize } from '../../../renderer/components/live-view-client.ts'
import { useViewHands } from '../../../renderer/components/live-view-hands.ts'
import { meaningOf, specialKeys, strokeOf } from '../../../renderer/components/live-view-keys.ts'
import { layoutOf } from '../../../renderer/pages/browsers/session/view-layout.ts'
import { keyCommand, modifiersOf, mouseCommand, pagePoint } from '../../../renderer/components/live-view-input.ts'
import { viewCommand, type ViewNotice } from '../../../server/browsers/contract/live-view-messages.ts'

class Socket extends EventTarget {
  binaryType = 'blob'
  readyState: number = WebSocket.CONNECTING
  readonly sent: { type: string; frame?: number; visible?: boolean }[] = []
  send(text: string): void {
    this.sent.push(JSON.parse(text))
  }
  close(): void {
    this.dispatchEvent(new Event('close'))
  }
  open(): void {
    this.readyState = WebSocket.OPEN
    this.dispatchEvent(new Event('open'))
  }
  frame(number: number, size: PageSize = { width: 1_280, height: 800 }): void {
    const message = new ArrayBuffer(17)
    const view = new DataView(message)
    for (const [index, value] of [number, size.width, size.height, 0].entries()) view.setUint32(index * 4, value)
    this.dispatchEvent(new MessageEvent('message', { data: message }))
  }
}

function watched() {
  const socket = new Socket()
  const drawn: PageSize[] = []
  const notices: ViewNotice[] = []
  const onLost = vi.fn()
  /** Pictures are decoded when the test says so. */
  const waiting: (() => void)[] = []
  const view = new LiveView({
    // The view uses only the events, `send` and `close` of a WebSocket, which the fake has.
    open: () => socket as unknown as WebSocket,
    decode: () => new Promise((resolve) => waiting.push(() => resolve({ close: () => undefined } as ImageBitmap))),
    draw: (_, size) => drawn.push(size),
    onNotice: (notice) => notices.push(notice),
    onLost,
    onFrame: () => undefined,
  })
  const decodeNext = async (): Promise<void> => {
    waiting.shift()?.()
    await new Promise((resolve) => setTimeout(resolve))
  }
  view.connect()
  return { view, socket, drawn, notices, onLost, waiting, decodeNext }
}

it('says what it can show as soon as the socket is open, and again when it leaves sight', () => {
  const { view, socket } = watched()
  view.show(true, { width: 512, height: 320 })
  expect(socket.sent).toEqual([])
  socket.open()
  view.show(false, { width: 512, height: 320 })
  expect(socket.sent).toMatchObject([
    { type: 'visible', visible: true },
    { type: 'visible', visible: false },
  ])
  for (const message of socket.sent) expect(viewCommand.safeParse(message).success).toBe(true)
})

it('draws the latest of the frames that came while one was being drawn', async () => {
  const { socket, drawn, waiting, decodeNext } = watched()
  socket.open()
  for (const number of [1, 2, 3, 4]) socket.frame(number, { width: 1_280, height: number })
  expect(waiting).toHaveLength(1)
  await decodeNext()
  await decodeNext()
  expect(drawn.map(({ height }) => height)).toEqual([1, 4])
  expect(socket.sent.filter(({ type }) => type === 'drawn').map(({ frame }) => frame)).toEqual([1, 4])
})

it('drops input that was given while the socket was not open, rather than typing it later', () => {
  const { view, socket } = watched()
  view.send({ type: 'text', text: 'too early' })
  socket.open()
  expect(socket.sent).toEqual([])
})

it('hands on notices, ignores what it does not know, and tells of a loss once', () => {
  const { view, socket, notices, onLost } = watched()
  socket.open()
  socket.dispatchEvent(new MessageEvent('message', { data: '{"type":"control","holder":"you"}' }))
  socket.dispatchEvent(new MessageEvent('message', { data: '{"type":"news"}' }))
  socket.dispatchEvent(new MessageEvent('message', { data: 'no json' }))
  expect(notices).toEqual([{ type: 'control', holder: 'you' }])
  socket.close()
  expect(onLost).toHaveBeenCalledOnce()
  view.dispose()
  expect(onLost).toHaveBeenCalledOnce()
})

it('finds the place on the page under a place on the picture', () => {
  const picture = { clientWidth: 640, clientHeight: 400 }
  expect(pagePoint({ offsetX: 320, offsetY: 100 }, picture, { width: 1_280, height: 800 })).toEqual({ x: 640, y: 200 })
  expect(pagePoint({ offsetX: 5, offsetY: 5 }, { clientWidth: 0, clientHeight: 0 }, { width: 1_280, height: 800 })).toEqual({ x: 0, y: 0 })
})

it('names the button that is held while the mouse moves, and the one that goes down or up', () => {
  const picture = document.createElement('div')
  const page = { width: 100, height: 100 }
  expect(mouseCommand('down', new MouseEvent('mousedown', { button: 2, detail: 1 }), picture, page)).toMatchObject({
    button: 'right',
    clicks: 1,
  })
  expect(mouseCommand('move', new MouseEvent('mousemove', { buttons: 1 }), picture, page)).toMatchObject({ button: 'left', clicks: 0 })
  expect(mouseCommand('move', new MouseEvent('mousemove'), picture, page)).toMatchObject({ button: 'none' })
})

it.each([
  [{ key: 'a' }, 'a'],
  [{ key: 'Ä', shiftKey: true }, 'Ä'],
  [{ key: 'Enter' }, '\r'],
  [{ key: 'Tab' }, ''],
  [{ key: 'a', ctrlKey: true }, ''],
  [{ key: '@', ctrlKey: true, altKey: true }, '@'],
])('the key %j types %j', (init, text) => {
  const command = keyCommand('down', new KeyboardEvent('keydown', init))
  expect(command.text).toBe(text)
  expect(keyCommand('up', new KeyboardEvent('keyup', init)).text).toBe('')
  expect(viewCommand.safeParse(command).success).toBe(true)
})

it('tells modifiers as the browser counts them', () => {
  expect(modifiersOf({ altKey: true, ctrlKey: true, metaKey: true, shiftKey: true })).toBe(15)
  expect(modifiersOf({ altKey: false, ctrlKey: true, metaKey: false, shiftKey: false })).toBe(2)
})

it('leaves to an input method what it composes, to the clipboard what is pasted, and keeps finding and zooming for itself', () => {
  const down = (init: KeyboardEventInit & { keyCode?: number }) => {
    const event = new KeyboardEvent('keydown', init)
    if (init.keyCode !== undefined) Object.defineProperty(event, 'keyCode', { value: init.keyCode })
    return meaningOf('down', event)
  }
  expect(down({ key: 'Dead' }).is).toBe('composed')
  expect(down({ key: 'a', keyCode: 229 }).is).toBe('composed')
  expect(down({ key: 'v', ctrlKey: true }).is).toBe('pasted')
  expect(down({ key: 'f', metaKey: true }).is).toBe('find')
  expect([down({ key: '+', ctrlKey: true, shiftKey: true }), down({ key: '-', ctrlKey: true }), down({ key: '0', ctrlKey: true })]).toEqual(
    [
      { is: 'zoom', by: 1 },
      { is: 'zoom', by: -1 },
      { is: 'zoom', by: 0 },
    ],
  )
  expect(down({ key: 'f', ctrlKey: true, altKey: true })).toMatchObject({ is: 'key', command: { key: 'f', modifiers: 3 } })
  for (const group of specialKeys)
    for (const key of group) for (const command of strokeOf(key)) expect(viewCommand.safeParse(command).success).toBe(true)
})

it('shows one dialog after another, and answers the one that is shown', () => {
  const sent: unknown[] = []
  const hands = useViewHands({ send: (command) => void sent.push(command), copied: () => undefined, stopped: () => undefined })
  const dialog = (id: string) => ({ id, page: 'page', kind: 'prompt', message: '', defaultText: '', host: '', secondsLeft: 42 }) as const
  hands.heed({ type: 'dialogs', dialogs: [dialog('one'), dialog('two')] })
  hands.answer(true, 'BK-1')
  hands.heed({ type: 'dialogs', dialogs: [dialog('two')] })
  hands.answer(false)
  hands.answer(true)
  expect(sent).toEqual([
    { type: 'answer', dialog: 'one', accept: true, text: 'BK-1' },
    { type: 'answer', dialog: 'two', accept: false },
  ])
})

it('lays a page out for a view by its zoom and the screen’s ratio, within what a page can be', () => {
  expect(layoutOf({ width: 900, height: 600 }, 1, 2)).toEqual({ width: 900, height: 600, scale: 2 })
  expect(layoutOf({ width: 900, height: 600 }, 1.5, 2)).toEqual({ width: 600, height: 400, scale: 3 })
  expect(layoutOf({ width: 10, height: 9_000 }, 0.5, 8)).toEqual({ width: 200, height: 4_000, scale: 4 })
})
