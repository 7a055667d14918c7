/**
 * The browser's side of a live view: takes frames while it is visible, draws the latest, says so, and sends input.
 * Knows nothing of the page around it; the component gives it a canvas and is told what changed.
 */
import { viewNotice, type SentViewCommand, type ViewNotice } from '../../server/browsers/contract/live-view-messages.ts'

export interface LiveViewOptions {
  open(): WebSocket
  /** Draws a picture; injected so that tests need no canvas. */
  draw(picture: ImageBitmap, size: PageSize): void
  decode?(jpeg: Uint8Array): Promise<ImageBitmap>
  onNotice(notice: ViewNotice): void
  /** `byHand`: somebody has ended it, and it is not to come back by itself. */
  onLost(byHand: boolean): void
  onFrame(): void
}

export interface PageSize {
  /** CSS px of the page, which input is given in. */
  width: number
  height: number
}

const headerBytes = 16
/** The code with which the server ends what may not go on, e.g. a view that a person ends. */
const endedByHand = 1_008

export class LiveView {
  readonly #options: LiveViewOptions
  #socket: WebSocket | null = null
  #visible: Extract<SentViewCommand, { type: 'visible' }> | null = null
  #latest: { frame: number; size: PageSize; jpeg: Uint8Array } | null = null
  #drawing = false

  constructor(options: LiveViewOptions) {
    this.#options = options
  }

  connect(): void {
    if (this.#socket !== null) return
    const socket = this.#options.open()
    this.#socket = socket
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('open', () => {
      if (this.#visible !== null) this.send(this.#visible)
    })
    socket.addEventListener('message', ({ data }) => {
      if (data instanceof ArrayBuffer) this.#take(new Uint8Array(data))
      else this.#read(String(data))
    })
    socket.addEventListener('close', ({ code }) => {
      if (this.#socket !== socket) return
      this.#socket = null
      this.#options.onLost(code === endedByHand)
    })
  }

  /** Asks for frames of at most this size, or for none while out of sight. */
  show(visible: boolean, size: PageSize): void {
    this.#visible = { type: 'visible', visible, maxWidth: clamp(size.width, 64, 3_840), maxHeight: clamp(size.height, 64, 2_160) }
    this.send(this.#visible)
  }

  /** Input given while the socket is not open is dropped: typed later, it would go where nobody meant it. */
  send(command: SentViewCommand): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(command))
  }

  dispose(): void {
    const socket = this.#socket
    this.#socket = null
    socket?.close()
  }

  #take(message: Uint8Array): void {
    if (message.byteLength <= headerBytes) return
    const header = new DataView(message.buffer, message.byteOffset, headerBytes)
    this.#latest = {
      frame: header.getUint32(0),
      size: { width: header.getUint32(4), height: header.getUint32(8) },
      jpeg: message.subarray(headerBytes),
    }
    if (!this.#drawing) void this.#drawLatest()
  }

  /** One frame at a time; those that come meanwhile give way to the newest. */
  async #drawLatest(): Promise<void> {
    this.#drawing = true
    while (this.#latest !== null) {
      const { frame, size, jpeg } = this.#latest
      this.#latest = null
      try {
        const picture = await (this.#options.decode ?? decodeJpeg)(jpeg)
        this.#options.draw(picture, size)
        picture.close()
        this.#options.onFrame()
      } catch {
        // A frame that cannot be decoded is as good as drawn: the next one follows.
      }
      this.send({ type: 'drawn', frame })
    }
    this.#drawing = false
  }

  #read(text: string): void {
    const notice = viewNotice.safeParse(parse(text))
    if (notice.success) this.#options.onNotice(notice.data)
  }
}

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

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, Math.round(value)))
}
