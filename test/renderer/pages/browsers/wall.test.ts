import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import BrowsersPage from '../../../../renderer/pages/browsers/browsers-page.vue'
import { WallClient } from '../../../../renderer/pages/browsers/wall/wall-client.ts'
import { wallLayout } from '../../../../renderer/pages/browsers/wall/wall-layout.ts'
import { focused, withSessions } from '../../../../renderer/pages/browsers/wall/wall-order.ts'
import type { BrowserSession } from '../../../../server/browsers/contract/index.ts'
import { reply, type FakeTransport } from '../../support/fake-transport.ts'
import { mountPage, settle, standardServer, type MountedPage } from '../../support/mount.ts'
import { session } from './sample-session.ts'

describe('the layout of the wall', () => {
  it('has room in sight for ten: one in focus of 3 × 2, nine around it', () => {
    expect(wallLayout(10, 1_200)).toEqual({ columns: 5, rows: 3, focus: { columns: 3, rows: 2 } })
  })

  it('has a cell for each of any number, and none for fewer than it holds', () => {
    for (const width of [400, 800, 1_200])
      for (let count = 1; count <= 24; count += 1) {
        const { columns, rows, focus } = wallLayout(count, width)
        const around = columns * rows - focus.columns * focus.rows
        expect(around).toBeGreaterThanOrEqual(count - 1)
        expect(focus.columns).toBeLessThanOrEqual(columns)
      }
  })

  it('changes places with the one in focus and moves no other', () => {
    expect(focused(['a', 'b', 'c', 'd'], 'c')).toEqual(['c', 'b', 'a', 'd'])
    expect(focused(['a', 'b'], 'a')).toEqual(['a', 'b'])
    expect(withSessions(['c', 'b', 'a'], ['a', 'c', 'e'])).toEqual(['c', 'a', 'e'])
  })
})

describe('the wall', () => {
  let mounted: MountedPage | null = null
  beforeEach(() => localStorage.setItem('wheelhouse.browsers', 'wall'))
  afterEach(() => {
    mounted?.unmount()
    localStorage.clear()
  })

  const many = (changes: Partial<BrowserSession>[]): BrowserSession[] =>
    changes.map((change, index) =>
      session({
        id: `session_179524624${index}_3886465173-a`,
        username: `user${index + 1}`,
        createdAt: `2026-11-21T07:3${index}:00.000Z`,
        ...change,
      }),
    )
  async function show(sessions: BrowserSession[], server: FakeTransport = standardServer()): Promise<MountedPage> {
    server.on('GET /browsers/v1/browser-sessions', () => ({ sessions, capacity: 10, nextEvicted: null, spareReady: false }))
    mounted = await mountPage(BrowsersPage, { server })
    return mounted
  }
  const inFocus = (): string => document.querySelector('article[aria-label$="in focus"]')?.getAttribute('aria-label') ?? ''
  const press = async (key: string): Promise<void> => {
    document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }))
    await settle()
  }

  it('brings a tile into focus by its number or a click, and leaves the others where they are', async () => {
    const page = await show(many([{}, {}, {}, {}]))
    expect(inFocus()).toContain('user1')
    await press('2')
    expect(inFocus()).toContain('user3')
    await page.click('Focus user4')
    expect(inFocus()).toContain('user4')
    const tiles = [...document.querySelectorAll('article')].map((tile) => tile.getAttribute('aria-label'))
    expect(tiles).toEqual(['Session of user4, in focus', 'Session of user2', 'Session of user1', 'Session of user3'])
    await press('9')
    expect(inFocus()).toContain('user4')
  })

  it('says who types, offers the mouse where a person is needed, and a restart where nothing answers', async () => {
    const sessions = many([
      {},
      { takenOver: { by: 'key:desk-2', since: '2026-11-21T07:30:00.000Z' }, state: 'taken-over' },
      { state: 'needs-you', reason: 'The site asks for a code' },
      { state: 'not-responding' },
    ])
    const server = standardServer().on(`POST /browsers/v1/browser-sessions/${sessions[3]?.id ?? ''}/restart`, () =>
      reply(202, { session: sessions[3], isNew: true }),
    )
    const page = await show(sessions, server)
    for (const words of ['desk-2 is typing', 'Needs you', 'Not responding', '4 of 10 live']) expect(page.text()).toContain(words)
    await page.click('Restart')
    expect(server.requests.some(({ path }) => path.endsWith('/restart'))).toBe(true)
    const tile = document.querySelector('article[aria-label="Session of user3"]')
    ;[...(tile?.querySelectorAll('button') ?? [])].find(({ textContent }) => textContent?.includes('Take over'))?.click()
    await settle()
    expect(inFocus()).toContain('user3')
  })

  it('keeps a tile of one whose browser died, to have it back or to let it go', async () => {
    const sessions = many([{}, {}])
    const [first, second] = sessions as [BrowserSession, BrowserSession]
    const dead = { ...second, state: 'closed', endReason: 'crashed', reason: 'Chromium was killed' } as const
    const server = standardServer().on(`GET /browsers/v1/browser-sessions/${second.id}`, () => ({ session: dead, events: [] }))
    const page = await show(sessions, server)
    server.on('GET /browsers/v1/browser-sessions', () => ({ sessions: [first], capacity: 10, nextEvicted: null, spareReady: false }))
    server.sockets.find(({ path }) => path.includes('events'))?.say({ type: 'changed', resource: 'browsers' })
    await settle()
    expect(page.text()).toContain('Crashed')
    await page.click('Dismiss')
    expect(page.text()).not.toContain('Crashed')
  })

  it('is remembered', async () => {
    const page = await show(many([{}]))
    ;[...document.querySelectorAll<HTMLButtonElement>('[role=tab]')]
      .find(({ textContent }) => textContent?.includes('Table'))
      ?.dispatchEvent(new MouseEvent('mousedown', { bubbles: true, button: 0 }))
    await settle()
    expect(page.text()).toContain('Current URL')
    expect(localStorage.getItem('wheelhouse.browsers')).toBe('table')
  })
})

class Socket extends EventTarget {
  binaryType = 'blob'
  readyState: number = WebSocket.OPEN
  readonly sent: { type: string; tiles?: unknown[]; tile?: number; frame?: number }[] = []
  send(text: string): void {
    this.sent.push(JSON.parse(text))
  }
  close(): void {
    this.dispatchEvent(new Event('close'))
  }
  frame(tile: number, number: number): void {
    const message = new ArrayBuffer(21)
    const view = new DataView(message)
    for (const [index, value] of [tile, number, 1_280, 800, 0].entries()) view.setUint32(index * 4, value)
    this.dispatchEvent(new MessageEvent('message', { data: message }))
  }
}

describe('the socket of the wall', () => {
  const tile = { session: 'session_1795246249_3886465173-a', maxWidth: 320 }
  function connected() {
    const socket = new Socket()
    const drawn: string[] = []
    const waiting: (() => void)[] = []
    const client = new WallClient({
      // The wall uses only the events, `send` and `close` of a WebSocket, which the fake has.
      open: () => socket as unknown as WebSocket,
      decode: () => new Promise((resolve) => waiting.push(() => resolve({ close: () => undefined } as ImageBitmap))),
      draw: (of) => drawn.push(of),
      onLost: () => undefined,
    })
    client.connect()
    socket.dispatchEvent(new Event('open'))
    const decodeNext = async (): Promise<void> => {
      waiting.shift()?.()
      await settle()
    }
    return { client, socket, drawn, waiting, decodeNext }
  }

  it('says what is in sight once, until that changes', () => {
    const { client, socket } = connected()
    client.watch([tile])
    client.watch([tile])
    client.watch([])
    expect(socket.sent.map(({ tiles }) => tiles?.length)).toEqual([0, 1, 0])
  })

  it('draws the latest picture of each tile and reports it, leaving out those that came in between', async () => {
    const { socket, drawn, waiting, decodeNext } = connected()
    for (const [number, id] of [
      [1, 'one'],
      [2, 'two'],
    ] as const)
      socket.dispatchEvent(new MessageEvent('message', { data: JSON.stringify({ type: 'tile', session: id, tile: number }) }))
    socket.frame(1, 1)
    socket.frame(2, 1)
    socket.frame(2, 2)
    while (waiting.length > 0) await decodeNext()
    expect(drawn).toEqual(['one', 'two'])
    expect(socket.sent.slice(1)).toEqual([
      { type: 'drawn', tile: 1, frame: 1 },
      { type: 'drawn', tile: 2, frame: 2 },
    ])
  })
})
