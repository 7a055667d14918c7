/** A client of the live view, as the window is one. */
import type { WebSocket } from 'ws'
import { viewNotice, type SentViewCommand, type ViewNotice } from '../../../../server/browsers/contract/live-view-messages.ts'
import { eventually } from '../../../fixtures/eventually.ts'

interface SeenFrame {
  number: number
  width: number
  height: number
  /** When it was sent, in ms of the server. */
  at: number
  jpeg: Buffer
}

type Notice<Type extends ViewNotice['type']> = Extract<ViewNotice, { type: Type }>

export class Viewer {
  readonly socket: WebSocket
  readonly frames: SeenFrame[] = []
  readonly notices: ViewNotice[] = []
  draws: boolean
  #read = 0

  constructor(socket: WebSocket, draws: boolean) {
    this.socket = socket
    this.draws = draws
    socket.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) return void this.notices.push(viewNotice.parse(JSON.parse(data.toString())))
      const [number, width, height, at] = [data.readUInt32BE(0), data.readUInt32BE(4), data.readUInt32BE(8), data.readUInt32BE(12)]
      const frame = { number, width, height, at, jpeg: data.subarray(16) }
      this.frames.push(frame)
      if (this.draws) this.send({ type: 'drawn', frame: frame.number })
    })
  }

  send(command: SentViewCommand): void {
    this.socket.send(JSON.stringify(command))
  }

  show(wish: { maxWidth?: number; maxHeight?: number; everyNth?: number } = {}): void {
    this.send({ type: 'visible', visible: true, ...wish })
  }

  click({ x, y }: { x: number; y: number }): void {
    this.send({ type: 'mouse', action: 'move', x, y })
    this.send({ type: 'mouse', action: 'down', x, y, button: 'left', clicks: 1 })
    this.send({ type: 'mouse', action: 'up', x, y, button: 'left', clicks: 1 })
  }

  type(text: string): void {
    for (const letter of text) {
      const key = { key: letter, code: `Key${letter.toUpperCase()}`, keyCode: letter.toUpperCase().charCodeAt(0) }
      this.send({ type: 'key', action: 'down', text: letter, ...key })
      this.send({ type: 'key', action: 'up', ...key })
    }
  }

  key(name: string, keyCode: number): void {
    for (const action of ['down', 'up'] as const) this.send({ type: 'key', action, key: name, code: name, keyCode })
  }

  /** The next notice of this type that fits; those before it count as read. */
  notice<Type extends ViewNotice['type']>(type: Type, fits: (notice: Notice<Type>) => boolean = () => true): Promise<Notice<Type>> {
    return eventually(`a notice ${type}; seen: ${JSON.stringify(this.notices.slice(this.#read))}`, () => {
      for (let index = this.#read; index < this.notices.length; index += 1) {
        const notice = this.notices[index]
        // The comparison is what makes it this type; TypeScript does not follow it through a type parameter.
        if (notice?.type === type && fits(notice as Notice<Type>)) {
          this.#read = index + 1
          return notice as Notice<Type>
        }
      }
      return null
    })
  }

  /** What has come so far counts as read. */
  forget(): void {
    this.#read = this.notices.length
  }

  frameAfter(count: number): Promise<SeenFrame> {
    return eventually(`frame ${count + 1}`, () => this.frames[count])
  }

  /** Waits until no frame has come for `ms`, and says how many there are. */
  async quietFor(ms: number): Promise<number> {
    let count = -1
    let since = 0
    await eventually('quiet', () => {
      if (count !== this.frames.length) {
        count = this.frames.length
        since = performance.now()
      }
      return performance.now() - since >= ms
    })
    return count
  }
}
