/** The proxy of a browser by itself: what it says on the wire, what it does with clients that do not speak properly. */
import { createServer, type Server, type Socket } from 'node:net'
import { connect } from 'node:net'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { EgressProxy } from '../../../../server/browsers/process/egress-proxy.ts'
import type { Fault } from '../../../../server/fault.ts'
import { Egress, type ResolvedAddress } from '../../../../server/http/egress.ts'

let proxy: EgressProxy
let ranges: string[]
let names: Record<string, ResolvedAddress[][]>
let egress: Egress

beforeEach(async () => {
  ranges = ['127.0.0.0/8', '::1/128']
  names = {}
  egress = new Egress({
    allowedRanges: () => ranges,
    resolve: async (name) => {
      const found = names[name]?.shift()
      if (found === undefined) throw Object.assign(new Error('not found'), { code: 'ENOTFOUND' })
      return found
    },
  })
  proxy = await EgressProxy.open(egress)
})
afterEach(() => proxy.close())

/** A client that has sent these bytes; `all` is what came until the proxy ended it, `some` until so many bytes were there. */
function client(...parts: (Buffer | number[])[]): { socket: Socket; some(length: number): Promise<Buffer>; all(): Promise<Buffer> } {
  const socket = connect(proxy.port, '127.0.0.1').on('error', () => undefined)
  onTestFinished(() => void socket.destroy())
  const got: Buffer[] = []
  socket.on('data', (data: Buffer) => got.push(data))
  for (const part of parts) socket.write(Buffer.from(part))
  const whole = (): Buffer => Buffer.concat(got)
  return {
    socket,
    some: (length) =>
      new Promise((resolve) => {
        const look = (): void => void (whole().length >= length && resolve(whole()))
        socket.on('data', look).once('close', () => resolve(whole()))
        look()
      }),
    all: () => new Promise((resolve) => socket.once('close', () => resolve(whole()))),
  }
}
const greeting = [5, 1, 0]
const port = (number: number): number[] => [number >> 8, number & 255]
const toName = (name: string, number: number): number[] => [5, 1, 0, 3, name.length, ...Buffer.from(name), ...port(number)]
/** What the proxy answers to a request, after its answer to the greeting. */
const code = async (request: number[]): Promise<number | undefined> => (await client(greeting, request).some(12))[3]

async function echo(): Promise<{ server: Server; port: number }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => void socket.on('error', () => undefined).pipe(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { server, port: (server.address() as { port: number }).port }
}

test('joins both ends for names and addresses, in whatever pieces the request comes', async () => {
  const far = await echo()
  names['yard.test'] = [[{ address: '127.0.0.1', family: 4 }]]
  const requests = [
    toName('127.0.0.1', far.port),
    toName('yard.test', far.port),
    toName('localhost', far.port),
    [5, 1, 0, 1, 127, 0, 0, 1, ...port(far.port)],
    [5, 1, 0, 4, ...Array.from({ length: 10 }, () => 0), 255, 255, 127, 0, 0, 1, ...port(far.port)],
  ]
  for (const request of requests) {
    const { socket, some } = client()
    for (const byte of [...greeting, ...request]) socket.write(Buffer.from([byte]))
    expect([...(await some(12))]).toEqual([5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
    socket.end('said')
    expect((await some(16)).subarray(12).toString()).toBe('said')
  }
})

test('says which kind of failure it was, and remembers the last one of each place', async () => {
  const refused: Fault[] = []
  proxy.allow([], (refusal) => void refused.push(refusal))
  // No test listens there, as one might at a port that was just freed.
  expect(await code(toName('127.0.0.1', 1))).toBe(5)
  expect(await code(toName('nowhere.test', 80))).toBe(4)
  for (let time = 0; time < 2; time += 1) expect(await code(toName('10.0.0.1', 80))).toBe(2)
  expect(await code(toName('127.0.0.1', proxy.port))).toBe(2)
  expect([proxy.failureOf('http://127.0.0.1:1/x'), proxy.failureOf('http://nowhere.test'), proxy.failureOf('http://10.0.0.1/')]).toEqual([
    'ECONNREFUSED',
    'ENOTFOUND',
    expect.objectContaining({ code: 'address-refused' }),
  ])
  expect(refused.map(({ message }) => message)).toEqual([
    expect.stringContaining('a private address'),
    expect.stringContaining('Wheelhouse itself'),
  ])
})

test('does not tell of every port that a page tries', async () => {
  let told = 0
  proxy.allow([], () => void (told += 1))
  for (let number = 1; number <= 120; number += 1) expect(await code(toName('10.0.0.1', number))).toBe(2)
  expect(told).toBe(50)
})

test('connects to what was judged and asks anew for each connection', async () => {
  const far = await echo()
  names['moved.test'] = [[{ address: '127.0.0.1', family: 4 }], [{ address: '192.168.0.1', family: 4 }]]
  expect(await code(toName('moved.test', far.port))).toBe(0)
  expect(await code(toName('moved.test', far.port))).toBe(2)
})

test('cuts what may not be reached any more, and nothing else', async () => {
  const far = await echo()
  const [withdrawn, written] = [client(greeting, toName('127.0.0.1', far.port)), client(greeting, toName('localhost', far.port))]
  await Promise.all([withdrawn.some(12), written.some(12)])
  ranges = []
  proxy.allow([`http://localhost:${far.port}`], () => undefined)
  proxy.reconsider()
  await withdrawn.all()
  written.socket.end('still')
  expect((await written.some(17)).subarray(12).toString()).toBe('still')
})

test('passes a cut on as a cut', async () => {
  const server = createServer((socket) => void socket.once('data', () => socket.resetAndDestroy()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { socket, some } = client(greeting, toName('127.0.0.1', (server.address() as { port: number }).port))
  await some(12)
  const failed = new Promise((resolve) => socket.once('error', resolve))
  socket.write('x')
  expect(await failed).toMatchObject({ code: 'ECONNRESET' })
})

test('takes nobody who says something else, and serves on', async () => {
  for (const bytes of [
    [4, 1, 0, 80, 127, 0, 0, 1, 0],
    [71, 69, 84, 32, 47],
    [5, 1, 0, 5, 2, 0, 1, 127, 0, 0, 1, 0, 80],
    [5, 1, 0, 5, 3, 0, 1, 127, 0, 0, 1, 0, 80],
    [5, 1, 0, 5, 1, 0, 9, 0, 80],
    [5, 1, 0, 5, 1, 0, 3, 0, 0, 80],
  ]) {
    const got = await client(bytes).all()
    expect([0, undefined].includes(got[3]) && got.length === 12, `${bytes}: ${[...got]}`).toBe(false)
  }
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 40 }), async (bytes) => {
      const { socket, all } = client(Buffer.from(bytes))
      socket.end()
      await all()
    }),
    { numRuns: 200 },
  )
  const far = await echo()
  expect(await code(toName('127.0.0.1', far.port))).toBe(0)
})

test('ends every connection with itself, and its port is anybody’s again', async () => {
  const far = await echo()
  const joined = client(greeting, toName('127.0.0.1', far.port))
  await joined.some(12)
  const ended = joined.all()
  proxy.close()
  await ended
  expect(() => egress.check(`http://127.0.0.1:${proxy.port}/`)).not.toThrow()
})
