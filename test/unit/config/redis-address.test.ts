import { expect, test } from 'vitest'
import { parseRedisAddress } from '../../../server/config/redis-address.ts'

const plain = { tls: false, username: null, password: '' }

test.each([
  ['redis://127.0.0.1:6380', { kind: 'server', at: { host: '127.0.0.1', port: 6_380 }, database: 0, ...plain }],
  ['redis://cache', { kind: 'server', at: { host: 'cache', port: 6_379 }, database: 0, ...plain }],
  [
    'rediss://user:p%40ss%2Fword@cache.example:1/15',
    { kind: 'server', at: { host: 'cache.example', port: 1 }, database: 15, tls: true, username: 'user', password: 'p@ss/word' },
  ],
  [
    'redis://:secret@[::1]:6379/1',
    { kind: 'server', at: { host: '::1', port: 6_379 }, database: 1, tls: false, username: null, password: 'secret' },
  ],
  [
    'redis+sentinel://:secret@one:26380,two/logins/2?sentinel_password=other%20secret',
    {
      kind: 'sentinel',
      sentinels: [
        { host: 'one', port: 26_380 },
        { host: 'two', port: 26_379 },
      ],
      master: 'logins',
      database: 2,
      sentinelPassword: 'other secret',
      tls: false,
      username: null,
      password: 'secret',
    },
  ],
  [
    'rediss+sentinel://one/my-master',
    {
      kind: 'sentinel',
      sentinels: [{ host: 'one', port: 26_379 }],
      master: 'my-master',
      database: 0,
      sentinelPassword: '',
      ...plain,
      tls: true,
    },
  ],
  [
    'redis+cluster://one:7000,two:7001,three',
    {
      kind: 'cluster',
      nodes: [
        { host: 'one', port: 7_000 },
        { host: 'two', port: 7_001 },
        { host: 'three', port: 6_379 },
      ],
      ...plain,
    },
  ],
])('%s is understood', (text, address) => {
  expect(parseRedisAddress(text)).toEqual(address)
})

test.each([
  '',
  'redis://',
  'http://cache',
  'redis://cache:0',
  'redis://cache:65536',
  'redis://cache:port',
  'redis://one,two',
  'redis://cache/name',
  'redis://%zz:x@cache',
  'redis+sentinel://one',
  'redis+sentinel://one/a b',
  'redis+sentinel://one,/m',
  'redis+cluster://one/1',
  'redis+cluster://one?x=1',
  'redis://a b',
])('%j is no address of a Redis', (text) => {
  expect(parseRedisAddress(text)).toBeNull()
})
