/** What went wrong with a server, and whether time, another try or a person mends it. */
import { describe, expect, test } from 'vitest'
import { KernelFault } from '../../../../server/fault.ts'
import { lossOf, mishapOf } from '../../../../server/relay/upstreams/mishaps.ts'

const remote = { remote: true, authorized: false }
const program = { remote: false, authorized: false }
const coded = (code: string | number, name = 'Error') => Object.assign(new Error(`it says ${code}`), { code, name })
const fetchFailed = (cause: Error) => new TypeError('fetch failed', { cause })
const status = (number: number) => Object.assign(new Error('Error POSTing to endpoint'), { name: 'SdkHttpError', status: number })

describe('a remote server', () => {
  test.each([
    fetchFailed(coded('ECONNREFUSED')),
    fetchFailed(coded('ENOTFOUND')),
    fetchFailed(new AggregateError([coded('EHOSTUNREACH')])),
    new Error('SSE error: TypeError: fetch failed: connect ECONNREFUSED 127.0.0.1:9'),
    new Error('Request timed out'),
    new Error('It does not answer'),
    ...[500, 502, 503, 429, 408].map(status),
    coded(503, 'SseError'),
  ])('is away, and comes back by itself: %s', (error) => {
    expect(mishapOf(error, remote)).toMatchObject({ kind: 'away', remedy: null })
  })

  test.each([
    [status(404), 'There is nothing at its address (404)', 'path'],
    [coded(404, 'SseError'), 'There is nothing at its address (404)', 'path'],
    [status(405), 'takes no such requests', 'transport'],
    [status(401), 'refuses us with 401', 'Authorization'],
    [fetchFailed(coded('CERT_HAS_EXPIRED')), 'certificate has expired', 'Renew'],
    [fetchFailed(coded('SELF_SIGNED_CERT_IN_CHAIN')), '', 'trust'],
    [new KernelFault('address-refused', 'This address is in a private network'), 'private network', 'allow its network'],
  ])('needs a person, who is told what to do: %s', (error, reason, remedy) => {
    const mishap = mishapOf(error, remote)
    expect(mishap).toMatchObject({ kind: 'person', reason: expect.stringContaining(reason) })
    expect(mishap.remedy).toContain(remedy)
  })

  test('that refuses the header it is given says so', () => {
    expect(mishapOf(status(401), { remote: true, authorized: true }).remedy).toContain('good no more')
  })

  test('that answers nonsense is tried a few times', () => {
    expect(mishapOf(new Error('Unexpected token < in JSON'), remote).kind).toBe('broken')
    expect(lossOf('The connection was cut', remote).kind).toBe('away')
  })
})

test('a program that is not there needs a person at once, one that ends is tried a few times', () => {
  const missing = new Error('/no/such was not found', { cause: coded('ENOENT') })
  expect(mishapOf(missing, program)).toMatchObject({ kind: 'person', remedy: expect.stringContaining('Install') })
  expect(mishapOf(coded('EACCES'), program)).toMatchObject({ kind: 'person', remedy: expect.stringContaining('executable') })
  expect(mishapOf(new Error('The process ended with code 3'), program).kind).toBe('broken')
  expect(lossOf('The process was ended by SIGKILL', program).kind).toBe('broken')
})
