/** One person's wall over one WebSocket: small pictures of many sessions at a low rate. Messages: `wall-messages.ts`. */
import { randomUUID } from 'node:crypto'
import type { RawData, WebSocket } from 'ws'
import { systemClock, type Clock } from '../../clock.ts'
import { contained, type Scope } from '../../isolation.ts'
import { wallCommand, wallHeaderBytes, type WallCommand, type WallNotice } from '../contract/wall-messages.ts'
import type { Frame } from '../view/screencast.ts'
import type { ViewableSession } from '../view/viewable-session.ts'
import type { SharedCasts, TileWish, Watch } from './shared-casts.ts'

export interface WallParts {
  casts: SharedCasts
  /** A live session that the client may see; null for any other. Asked again for whatever comes into sight. */
  find(id: string): ViewableSession | null
  clock?: Clock
}

/** Pictures of one tile on their way that the client has not drawn. */
const mostUndrawn = 1
/** Bytes on their way to the client beyond which pictures wait; the latest then wins. */
const fullSocket = 1_000_000
/** Bytes at which a client that sends rubbish and reads nothing is cut off. */
const deadSocket = 8_000_000

interface Tile {
  number: number
  sent: number
  drawn: number
  watch: Watch
  endSubscription(): void
}

/** Serves the wall until the socket closes; owns the socket. */
export function attachWall(socket: WebSocket, { casts, find, clock = systemClock }: WallParts): void {
  const openedAt = clock.monotonic()
  const tiles = new Map<string, Tile>()
  let numbers = 0
  let ended = false

  // An error in a wall ends that wall: neither the sessions it shows, in whose events it is called, nor the room.
  const scope: Scope = { room: 'browsers', kind: 'wall', id: randomUUID(), escaped: () => socket.terminate() }
  const resumeAll = contained(scope, () => {
    for (const { watch } of tiles.values()) watch.resume()
  })
  socket.on('message', contained(scope, receive))
  socket.on('error', () => socket.terminate())
  socket.once('close', contained(scope, dispose))

  function receive(data: RawData, isBinary: boolean): void {
    if (ended) return
    if (socket.bufferedAmount > deadSocket) return socket.terminate()
    const parsed = isBinary ? null : wallCommand.safeParse(readJson(data))
    if (!parsed?.success) return notify({ type: 'problem', message: 'That message cannot be understood' })
    if (parsed.data.type === 'watch') watch(parsed.data.tiles)
    else drawn(parsed.data)
  }

  function watch(wanted: Extract<WallCommand, { type: 'watch' }>['tiles']): void {
    const wishes = new Map(wanted.map(({ session, ...wish }) => [session, wish]))
    for (const id of tiles.keys()) if (!wishes.has(id)) drop(id)
    for (const [id, wish] of wishes) {
      const tile = tiles.get(id)
      if (tile === undefined) add(id, wish)
      else tile.watch.wish(wish)
    }
  }

  function add(id: string, wish: TileWish): void {
    const session = find(id)
    if (session === null) return notify({ type: 'gone', session: id, reason: 'There is no such session' })
    const number = (numbers += 1)
    notify({ type: 'tile', session: id, tile: number })
    const tile: Tile = {
      number,
      sent: 0,
      drawn: 0,
      watch: casts.watch(session, wish, {
        hasRoom: () => isOpen(id, number) && tile.sent - tile.drawn < mostUndrawn && socket.bufferedAmount < fullSocket,
        draw: contained(scope, (frame: Frame) => send(tile, frame)),
      }),
      endSubscription: session.onEnd(
        contained(scope, (reason: string) => {
          drop(id)
          notify({ type: 'gone', session: id, reason })
        }),
      ),
    }
    tiles.set(id, tile)
    // What is known already was offered before the tile was there.
    tile.watch.resume()
  }

  const isOpen = (id: string, number: number): boolean => tiles.get(id)?.number === number

  function drop(id: string): void {
    const tile = tiles.get(id)
    tiles.delete(id)
    tile?.endSubscription()
    tile?.watch.end()
  }

  function drawn({ tile: number, frame }: Extract<WallCommand, { type: 'drawn' }>): void {
    const tile = [...tiles.values()].find((candidate) => candidate.number === number)
    if (tile === undefined) return
    tile.drawn = Math.min(Math.max(tile.drawn, frame), tile.sent)
    tile.watch.resume()
  }

  function send(tile: Tile, { jpeg, width, height }: Frame): void {
    tile.sent += 1
    const header = Buffer.alloc(wallHeaderBytes)
    for (const [index, value] of [tile.number, tile.sent, width, height, Math.round(clock.monotonic() - openedAt)].entries())
      header.writeUInt32BE(value, index * 4)
    // The socket may have been full; when it has taken this frame the next ones are due.
    if (socket.readyState === socket.OPEN) socket.send(Buffer.concat([header, jpeg]), resumeAll)
  }

  function notify(notice: WallNotice): void {
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(notice))
  }

  function dispose(): void {
    ended = true
    for (const id of [...tiles.keys()]) drop(id)
  }
}

function readJson(data: RawData): unknown {
  try {
    // Node's own sockets hand out one Buffer per message (`binaryType` nodebuffer).
    return JSON.parse((data as Buffer).toString('utf8'))
  } catch {
    return null
  }
}
