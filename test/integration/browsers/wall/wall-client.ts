/** A client of the live wall, as the window is one. */
import WebSocket from 'ws'
import { wallHeaderBytes, wallNotice, type SentWallCommand, type WallNotice } from '../../../../server/browsers/contract/wall-messages.ts'
import { eventually } from '../../../fixtures/eventually.ts'

interface SeenFrame {
  tile: number
  number: number
  width: number
  height: number
  jpeg: Buffer
}

export class WallClient {
  readonly frames: SeenFrame[] = []
  readonly notices: WallNotice[] = []
  draws = true
  readonly #socket: WebSocket

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) return void this.notices.push(wallNotice.parse(JSON.parse(data.toString())))
      const [tile, number, width, height] = [0, 4, 8, 12].map((at) => data.readUInt32BE(at)) as [number, number, number, number]
      this.frames.push({ tile, number, width, height, jpeg: data.subarray(wallHeaderBytes) })
      if (this.draws) this.send({ type: 'drawn', tile, frame: number })
    })
  }

  static async open(url: string, key: string): Promise<WallClient> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/browsers/v1/browser-wall`, ['wheelhouse', `bearer.${key}`])
    const client = new WallClient(socket)
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
    return client
  }

  send(command: SentWallCommand): void {
    this.#socket.send(JSON.stringify(command))
  }

  raw(text: string): void {
    this.#socket.send(text)
  }

  watch(...sessions: string[]): void {
    this.send({ type: 'watch', tiles: sessions.map((session) => ({ session, framesPerSecond: 20 })) })
  }

  tileOf(session: string): Promise<number> {
    return eventually(`the tile of ${session}`, () =>
      this.notices.findLast((notice) => notice.type === 'tile' && notice.session === session),
    ).then((notice) => (notice.type === 'tile' ? notice.tile : 0))
  }

  frameAfter(count: number): Promise<SeenFrame> {
    return eventually(`frame ${count + 1}`, () => this.frames[count])
  }

  /** Everything that was sent before has been answered: a message that cannot be understood is answered in its turn. */
  async settled(): Promise<void> {
    const before = this.notices.length
    this.raw('?')
    await eventually('an answer', () => this.notices.slice(before).some(({ type }) => type === 'problem'))
  }

  close(): void {
    this.#socket.close()
  }
}
