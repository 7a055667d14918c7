/**
 * The browser's side of the wall: one socket for all tiles. Says what is in sight, draws the latest picture of each, says so. Knows nothing
 * of the page around it.
 */
import { wallHeaderBytes, wallNotice, type SentWallCommand } from '../../../../server/browsers/contract/wall-messages.ts'

export interface WallOptions {
  open(): WebSocket
  /** Draws a picture of a session. */
  draw(session: string, picture: ImageBitmap): void
  decode?(jpeg: Uint8Array): Promise<ImageBitmap>
  onLost(): void
}

export type TileWishes = Extract<SentWallCommand, { type: 'watch' }>['tiles']

interface Waiting {
  frame: number
  jpeg: Uint8Array
}

export class WallClient {
  readonly #options: WallOptions
  #socket: WebSocket | null = null
  #wanted: TileWishes = []
  /** As last said to this socket. */
  #said = ''
  readonly #sessions = new Map<number, string>()
  /** The latest of each tile that is not drawn; one that comes later takes its place. */
  readonly #waiting = new Map<number, Waiting>()
  #drawing = false

  constructor(options: WallOptions) {
    this.#options = options
  }

  connect(): void {
    if (this.#socket !== null) return
    const socket = this.#options.open()
    this.#socket = socket
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('open', () => this.#say())
    socket.addEventListener('message', ({ data }) => {
      if (data instanceof ArrayBuffer) this.#take(new Uint8Array(data))
      else this.#heed(String(data))
    })
    socket.addEventListener('close', () => {
      if (this.#socket !== socket) return
      this.#forget()
      this.#options.onLost()
    })
  }

  /** All that is in sight, at its size; nothing comes for what is left out. */
  watch(tiles: TileWishes): void {
    this.#wanted = tiles
    this.#say()
  }

  dispose(): void {
    const socket = this.#socket
    this.#forget()
    socket?.close()
  }

  #forget(): void {
    this.#socket = null
    this.#said = ''
    this.#sessions.clear()
    this.#waiting.clear()
  }

  #say(): void {
    const text = JSON.stringify({ type: 'watch', tiles: this.#wanted } satisfies SentWallCommand)
    if (this.#said === text || this.#socket?.readyState !== WebSocket.OPEN) return
    this.#said = text
    this.#socket.send(text)
  }

  #heed(text: string): void {
    const notice = wallNotice.safeParse(parse(text)).data
    if (notice?.type === 'tile') this.#sessions.set(notice.tile, notice.session)
  }

  #take(message: Uint8Array): void {
    if (message.byteLength <= wallHeaderBytes) return
    const header = new DataView(message.buffer, message.byteOffset, wallHeaderBytes)
    this.#waiting.set(header.getUint32(0), { frame: header.getUint32(4), jpeg: message.subarray(wallHeaderBytes) })
    if (!this.#drawing) void this.#drawLatest()
  }

  /** One picture at a time, so that many tiles never hold up the window. */
  async #drawLatest(): Promise<void> {
    this.#drawing = true
    for (let next = first(this.#waiting); next !== undefined; next = first(this.#waiting)) {
      const [tile, { frame, jpeg }] = next
      this.#waiting.delete(tile)
      const session = this.#sessions.get(tile)
      try {
        const picture = await (this.#options.decode ?? decodeJpeg)(jpeg)
        if (session !== undefined) this.#options.draw(session, picture)
        picture.close()
      } catch {
        // A picture that cannot be decoded is as good as drawn: the next one follows.
      }
      const drawn: SentWallCommand = { type: 'drawn', tile, frame }
      if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(drawn))
    }
    this.#drawing = false
  }
}

const first = <Key, Value>(map: ReadonlyMap<Key, Value>): [Key, Value] | undefined => map.entries().next().value

function decodeJpeg(jpeg: Uint8Array): Promise<ImageBitmap> {
  return createImageBitmap(new Blob([jpeg as BlobPart], { type: 'image/jpeg' })) // the bytes are a view on an ArrayBuffer of our own socket
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
