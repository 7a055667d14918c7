/** Where a caller may send Wheelhouse: public addresses, ranges that the settings allow, written origins; never Wheelhouse itself. */
import { describe, expect, test } from 'vitest'
import { Fault } from '../../../server/fault.ts'
import { Egress, type EgressOptions, type ResolvedAddress } from '../../../server/http/egress.ts'

const own = 7_700
const machineAddresses = ['127.0.0.1', '::1', '192.168.7.20', '203.0.113.9', '9.9.9.10', 'fe80::a%eth0', '2620:fe::10']

function egress(options: Partial<EgressOptions> = {}): Egress {
  const made = new Egress({
    allowedRanges: () => [],
    machineAddresses: () => machineAddresses,
    resolve: () => Promise.reject(new Error('nothing is looked up here')),
    ...options,
  })
  made.addListener(own)
  return made
}

const answers =
  (...rounds: string[][]) =>
  async (): Promise<ResolvedAddress[]> =>
    (rounds.length > 1 ? rounds.shift() : rounds[0])?.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })) ?? []

/** What it is found to be, or `reached`. */
async function outcome(
  judge: Egress,
  host: string,
  port = 80,
  opens: readonly string[] = [],
  protocol: 'http:' | 'https:' | null = 'http:',
): Promise<unknown> {
  try {
    await judge.addresses({ host, port, protocol }, opens)
    return 'reached'
  } catch (error) {
    return Fault.is(error, 'address-refused') ? error.details['kind'] : error
  }
}

describe('special addresses are refused in every form', () => {
  test.each([
    ['127.0.0.1', 'a loopback address'],
    ['127.255.255.254', 'a loopback address'],
    ['127.0.0.1.', 'a loopback address'],
    ['127.1', 'a loopback address'],
    ['2130706433', 'a loopback address'],
    ['0x7f000001', 'a loopback address'],
    ['0x7f.0.0.0x1', 'a loopback address'],
    ['0177.0.0.01', 'a loopback address'],
    ['017700000001', 'a loopback address'],
    ['１２７.0.0.1', 'a loopback address'],
    ['127。0。0。1', 'a loopback address'],
    ['localhost', 'a loopback address'],
    ['LOCALHOST.', 'a loopback address'],
    ['any.name.localhost', 'a loopback address'],
    ['[::1]', 'a loopback address'],
    ['::1', 'a loopback address'],
    ['0:0:0:0:0:0:0:1', 'a loopback address'],
    ['::ffff:127.0.0.1', 'a loopback address'],
    ['[::ffff:7f00:1]', 'a loopback address'],
    ['::127.0.0.1', 'an address that wraps another one'],
    ['::ffff:0:127.0.0.1', 'an address that wraps another one'],
    ['0.0.0.0', 'an unspecified address'],
    ['0.1.2.3', 'an unspecified address'],
    ['0', 'an unspecified address'],
    ['[::]', 'an unspecified address'],
    ['169.254.169.254', 'a link-local address'],
    ['::ffff:169.254.169.254', 'a link-local address'],
    ['2852039166', 'a link-local address'],
    ['fe80::1', 'a link-local address'],
    ['fe80::1%eth0', 'a link-local address'],
    ['febf::1', 'a link-local address'],
    ['10.0.0.1', 'a private address'],
    ['172.16.0.1', 'a private address'],
    ['172.31.255.255', 'a private address'],
    ['192.168.0.1', 'a private address'],
    ['100.64.0.1', 'a private address'],
    ['100.127.255.255', 'a private address'],
    ['fc00::1', 'a private address'],
    ['fdff::1', 'a private address'],
    ['fec0::1', 'a private address'],
    ['feff::1', 'a private address'],
    ['224.0.0.1', 'a multicast address'],
    ['ff02::1', 'a multicast address'],
    ['2001::7f00:1', 'an address that wraps another one'],
    ['2001:0:4136:e378:8000:63bf:3fff:fdd2', 'an address that wraps another one'],
    ['2002:7f00:1::1', 'an address that wraps another one'],
    ['2002:808:808::1', 'an address that wraps another one'],
    ['64:ff9b::127.0.0.1', 'an address that wraps another one'],
    ['64:ff9b::a00:1', 'an address that wraps another one'],
    ['64:ff9b:1::7f00:1', 'an address that wraps another one'],
    ['64:ff9b:1:ffff::1', 'an address that wraps another one'],
    ['192.88.99.1', 'an address that wraps another one'],
    ['192.0.0.8', 'a reserved address'],
    ['192.0.2.1', 'a reserved address'],
    ['198.18.0.1', 'a reserved address'],
    ['198.51.100.1', 'a reserved address'],
    ['203.0.113.1', 'a reserved address'],
    ['240.0.0.1', 'a reserved address'],
    ['255.255.255.255', 'a reserved address'],
    ['100::1', 'a reserved address'],
    ['2001:db8::1', 'a reserved address'],
    ['3fff::1', 'a reserved address'],
    ['5f00::1', 'a reserved address'],
    ['4000::1', 'a reserved address'],
  ])('%s', async (host, kind) => {
    expect(await outcome(egress(), host)).toBe(kind)
    // The same when a name means it.
    if (/^[\da-f:.]+$/.test(host) && !/^\d+\.?\d*$/.test(host) && !host.endsWith('.') && !host.startsWith('0'))
      expect(await outcome(egress({ resolve: answers([host]) }), 'harbor.example')).toBe(kind)
  })

  test.each([
    '8.8.8.8',
    '1.1.1.1',
    '172.15.255.255',
    '172.32.0.1',
    '100.63.255.255',
    '100.128.0.1',
    '169.253.0.1',
    '192.167.255.255',
    '11.0.0.0',
    '223.255.255.255',
    '::ffff:8.8.8.8',
    '2606:4700::1111',
    '2a00::1',
    '2001:4860:4860::8888',
    '2003::1',
  ])('%s is public and reached', async (host) => {
    expect(await outcome(egress(), host)).toBe('reached')
  })
})

test("this machine's own addresses are refused, also a public one of it", async () => {
  expect(await outcome(egress(), '9.9.9.10', 8_080)).toBe('this machine')
  expect(await outcome(egress(), '2620:fe::10', 8_080)).toBe('this machine')
  expect(await outcome(egress(), '::ffff:9.9.9.10', 8_080)).toBe('this machine')
  expect(await outcome(egress(), '9.9.9.11', 8_080)).toBe('reached')
})

describe('a range that the settings allow', () => {
  test('opens its addresses, mapped or not, and none beside it', async () => {
    const judge = egress({ allowedRanges: () => ['10.1.0.0/16', 'fd00:1::/32'] })
    expect(await outcome(judge, '10.1.2.3')).toBe('reached')
    expect(await outcome(judge, '::ffff:10.1.2.3')).toBe('reached')
    expect(await outcome(judge, 'fd00:1::5')).toBe('reached')
    expect(await outcome(judge, '10.2.0.1')).toBe('a private address')
    expect(await outcome(judge, 'fd00:2::5')).toBe('a private address')
    expect(await outcome(judge, '127.0.0.1')).toBe('a loopback address')
  })

  test('counts from the next connection on, and no longer than it stands', async () => {
    let ranges: string[] = []
    const judge = egress({ allowedRanges: () => ranges })
    expect(await outcome(judge, '10.1.2.3')).toBe('a private address')
    ranges = ['10.0.0.0/8']
    expect(await outcome(judge, '10.1.2.3')).toBe('reached')
    ranges = ['10.2.0.0/16']
    expect(await outcome(judge, '10.1.2.3')).toBe('a private address')
  })
})

describe("Wheelhouse's own listeners", () => {
  const everything = egress({ allowedRanges: () => ['0.0.0.0/0', '::/0'] })
  const written = [`http://127.0.0.1:${own}`, `http://localhost:${own}`, `http://192.168.7.20:${own}`]

  test.each([
    '127.0.0.1',
    '127.3.4.5',
    'localhost',
    '0.0.0.0',
    '[::1]',
    '::',
    '::ffff:127.0.0.1',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '2002:c0a8:714::1',
    '2001:0:1:1:0:0:80ff:fffe',
    '192.168.7.20',
    '::ffff:192.168.7.20',
    '9.9.9.10',
    '2620:fe::10',
    'fe80::a',
    'fe80::a%lo',
    '2130706433',
  ])('are not reached as %s, whatever is allowed or written', async (host) => {
    expect(await outcome(everything, host, own)).toBe('Wheelhouse itself')
    expect(await outcome(everything, host, own, written)).toBe('Wheelhouse itself')
    expect(await outcome(everything, host, own + 1)).toBe('reached')
  })

  test('are not reached under a name that means them', async () => {
    const judge = egress({ allowedRanges: () => ['0.0.0.0/0', '::/0'], resolve: answers(['127.0.0.1']) })
    expect(await outcome(judge, 'own.example', own)).toBe('Wheelhouse itself')
    expect(await outcome(judge, 'own.example', own, [`http://own.example:${own}`])).toBe('Wheelhouse itself')
  })

  test('are not reached through the proxy that stands in front of them', async () => {
    const judge = egress({ publicOrigins: () => ['https://wheelhouse.example'], resolve: answers(['8.8.8.8']) })
    expect(await outcome(judge, 'wheelhouse.example', 443, [], 'https:')).toBe('Wheelhouse itself')
    expect(await outcome(judge, 'WHEELHOUSE.example.', 443, [], null)).toBe('Wheelhouse itself')
    expect(await outcome(judge, 'elsewhere.example', 443, [], 'https:')).toBe('reached')
  })

  test('are theirs for as long as one of them is open', async () => {
    const judge = egress({ allowedRanges: () => ['127.0.0.0/8'] })
    const first = judge.addListener(9_000)
    const second = judge.addListener(9_000)
    first()
    first()
    expect(await outcome(judge, '127.0.0.1', 9_000)).toBe('Wheelhouse itself')
    second()
    expect(await outcome(judge, '127.0.0.1', 9_000)).toBe('reached')
  })

  test('are known to a judge with more ranges as well', async () => {
    const judge = egress()
    const wider = judge.withRanges(() => ['127.0.0.0/8'])
    judge.addListener(9_000)
    expect(await outcome(wider, '127.0.0.1', 9_000)).toBe('Wheelhouse itself')
    expect(await outcome(wider, '127.0.0.1', 9_001)).toBe('reached')
    expect(await outcome(judge, '127.0.0.1', 9_001)).toBe('a loopback address')
  })
})

describe('what a person wrote down', () => {
  test('opens its scheme, host and port and nothing beside them', async () => {
    const opens = ['http://127.0.0.1:7780', 'https://portal.lan']
    const judge = egress({ resolve: answers(['192.168.7.30']) })
    expect(await outcome(judge, '127.0.0.1', 7_780, opens)).toBe('reached')
    expect(await outcome(judge, '127.0.0.1', 7_781, opens)).toBe('a loopback address')
    expect(await outcome(judge, '127.0.0.2', 7_780, opens)).toBe('a loopback address')
    expect(await outcome(judge, '127.0.0.1', 7_780, opens, 'https:')).toBe('a loopback address')
    expect(await outcome(judge, 'portal.lan', 443, opens, 'https:')).toBe('reached')
    expect(await outcome(judge, 'portal.lan', 443, opens, null)).toBe('reached')
    expect(await outcome(judge, 'portal.lan', 80, opens)).toBe('a private address')
    expect(await outcome(judge, 'other.lan', 443, opens, 'https:')).toBe('a private address')
  })
})

describe('names', () => {
  test('are judged by every address they mean', async () => {
    expect(await outcome(egress({ resolve: answers(['8.8.8.8', '10.0.0.1']) }), 'half.example')).toBe('a private address')
    expect(await outcome(egress({ resolve: answers([]) }), 'none.example')).toBe('a name without an address')
  })

  test('are judged anew for each connection, and connected to by the addresses that were judged', async () => {
    const judge = egress({ resolve: answers(['8.8.8.8'], ['127.0.0.1']) })
    expect(await judge.addresses({ host: 'moved.example', port: 80, protocol: 'http:' })).toEqual([{ address: '8.8.8.8', family: 4 }])
    expect(await outcome(judge, 'moved.example')).toBe('a loopback address')
  })

  test('that cannot be looked up fail as looking up fails', async () => {
    const failure = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' })
    expect(await outcome(egress({ resolve: () => Promise.reject(failure) }), 'none.example')).toBe(failure)
  })
})

test('an address that says by itself where it leads is refused before anything is looked up', () => {
  const judge = egress()
  for (const address of [
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://[::1]:5010/',
    'https://localhost/',
    'http://10.0.0.1:8080/x',
    'ws://127.0.0.1/',
  ])
    expect(() => judge.check(address), address).toThrow('may not be reached')
  for (const address of ['http://harbor.example/', 'https://8.8.8.8/']) expect(() => judge.check(address), address).not.toThrow()
  expect(() => judge.check('http://127.0.0.1:7780/login', ['http://127.0.0.1:7780'])).not.toThrow()
})

test('the refusal says what is in the way and what could change it', () => {
  expect(() => egress().check('http://10.0.0.1:8080/x')).toThrow(
    '10.0.0.1:8080 may not be reached: it is a private address; Settings, Network can allow its range',
  )
  expect(() => egress().check(`http://[::1]:${own}/`)).toThrow(`[::1]:${own} may not be reached: it is Wheelhouse itself`)
})
