/** The SOCKS5 (RFC 1928) that a browser speaks to its proxy: a greeting, one request to connect, one reply. */
import type { Socket } from 'node:net'

const version = 5
export const reply = { granted: 0, failed: 1, notAllowed: 2, unreachable: 4, refused: 5, unknownCommand: 7, unknownAddress: 8 } as const

/** Where it wants to be connected to; null when it has been refused, or speaks something else. Rejects when the socket ends before. */
export async function readRequest(near: Socket): Promise<{ host: string; port: number } | null> {
  const { read, release } = reader(near)
  const [greeting, methods = 0] = await read(2)
  if (greeting !== version) {
    near.destroy()
    return null
  }
  await read(methods)
  // Nobody has to say who they are: whoever reaches this port could open the same connections by themselves.
  near.write(Buffer.from([version, 0]))
  const [, command, , kind = 0] = await read(4)
  if (command !== 1) return refused(near, reply.unknownCommand)
  const host = await readHost(read, kind)
  if (host === null) return refused(near, reply.unknownAddress)
  const [high = 0, low = 0] = await read(2)
  release()
  return { host, port: high * 256 + low }
}

export function grant(near: Socket): void {
  near.write(Buffer.from([version, reply.granted, 0, 1, 0, 0, 0, 0, 0, 0]))
}

export function refuse(near: Socket, code: number): void {
  near.write(Buffer.from([version, code, 0, 1, 0, 0, 0, 0, 0, 0]))
  // Whatever it says beside is not listened to, and would keep the connection half open.
  near.destroySoon()
}

function refused(near: Socket, code: number): null {
  refuse(near, code)
  return null
}

async function readHost(read: (length: number) => Promise<Buffer>, kind: number): Promise<string | null> {
  if (kind === 1) return (await read(4)).join('.')
  if (kind === 3) {
    const [length = 0] = await read(1)
    return (await read(length)).toString('latin1')
  }
  if (kind !== 4) return null
  const words = await read(16)
  return Array.from({ length: 8 }, (_, index) => words.readUInt16BE(index * 2).toString(16)).join(':')
}

export interface Reader {
  /** So many bytes. Rejects when the socket ends before. */
  read(length: number): Promise<Buffer>
  /** All up to and with this text, `most` bytes at most. Rejects when there are more, or the socket ends before. */
  until(end: string, most: number): Promise<Buffer>
  /** Gives back what came beyond, and reads no more. */
  release(): void
}

/** More than any request has; a client that sends on without an answer waits. */
const mostUnread = 4_096

export function reader(socket: Socket): Reader {
  let unread = Buffer.alloc(0)
  let over = false
  let wake = (): void => undefined
  const onData = (chunk: Buffer): void => {
    unread = Buffer.concat([unread, chunk])
    if (unread.length > mostUnread) socket.pause()
    wake()
  }
  const onEnd = (): void => {
    over = true
    wake()
  }
  const more = async (): Promise<void> => {
    if (over) throw new Error('The other end went away')
    socket.resume()
    await new Promise<void>((resolve) => {
      wake = resolve
    })
  }
  const take = (length: number): Buffer => {
    const taken = unread.subarray(0, length)
    unread = unread.subarray(length)
    return taken
  }
  socket.on('data', onData).once('end', onEnd).once('close', onEnd)
  return {
    async read(length) {
      while (unread.length < length) await more()
      return take(length)
    },
    async until(end, most) {
      let at: number
      while ((at = unread.indexOf(end)) === -1) {
        if (unread.length > most) throw new Error('Too much was said')
        await more()
      }
      return take(at + end.length)
    },
    release() {
      socket.off('data', onData).off('end', onEnd).off('close', onEnd)
      socket.pause()
      if (unread.length > 0) socket.unshift(unread)
    },
  }
}
