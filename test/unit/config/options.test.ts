import fc from 'fast-check'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { defaultDataDir } from '../../../server/config/data-dir.ts'
import { helpText, OptionError, readOptions } from '../../../server/config/options.ts'
import { parseGoDuration } from '../../../server/config/parse.ts'
import { getAt } from '../../../server/config/paths.ts'
import { defaultSettings } from '../../../server/config/settings.ts'

function refusal(argv: string[], env: Record<string, string> = {}): string {
  try {
    readOptions(argv, env)
  } catch (error) {
    if (error instanceof OptionError) return error.message
    throw error
  }
  throw new Error(`accepted: ${argv.join(' ')}`)
}

describe('flags and variables', () => {
  test('without any, all is left to settings and defaults', () => {
    expect(readOptions([], {})).toEqual({
      dataDir: defaultDataDir(process.platform, {}),
      host: '127.0.0.1',
      fixed: new Map(),
      whatsappUrl: null,
      publicUrl: null,
      contractVariables: {
        apiKey: null,
        databaseFile: null,
        sessionDefaultExpiration: null,
        sessionRememberMeExpiration: null,
        jwtRefreshThreshold: null,
        sessionCleanupInterval: null,
        sessionMaxConcurrent: null,
        sessionStorageType: null,
        redisUrl: null,
      },
      show: null,
    })
  })

  test('are all read, with a value after a space or an equals sign', () => {
    const options = readOptions(
      [
        '--data-dir',
        'here',
        '--host=::1',
        '--control-port',
        '0',
        '--brokers-port=1',
        '--browsers-port',
        'off',
        '--bots-port',
        '3',
        '--logins-port',
        '4',
        '--relay-port',
        '65535',
        '--browser',
        '/opt/chromium',
        '--log-level',
        'debug',
        '--whatsapp-url',
        'ws://127.0.0.1:9/',
        '--public-url',
        'https://example.test/base/',
      ],
      {},
    )
    expect(options).toMatchObject({
      dataDir: resolve('here'),
      host: '::1',
      whatsappUrl: 'ws://127.0.0.1:9',
      publicUrl: 'https://example.test/base',
    })
    expect(Object.fromEntries([...options.fixed].map(([path, { value, by }]) => [path, [value, by]]))).toEqual({
      'apis.control.port': [0, '--control-port'],
      'apis.brokers.port': [1, '--brokers-port'],
      'apis.browsers.port': ['off', '--browsers-port'],
      'apis.bots.port': [3, '--bots-port'],
      'apis.logins.port': [4, '--logins-port'],
      'apis.relay.port': [65_535, '--relay-port'],
      'browsers.executable': ['/opt/chromium', '--browser'],
      logLevel: ['debug', '--log-level'],
    })
    for (const path of options.fixed.keys()) expect(getAt(defaultSettings, path.split('.')), path).not.toBeUndefined()
  })

  test.each([
    {
      name: 'a flag wins over both variables',
      argv: ['--bots-port', '1'],
      env: { WHEELHOUSE_BOTS_PORT: '2', PORT: '3' },
      value: 1,
      by: '--bots-port',
    },
    {
      name: 'our variable wins over the one of the contract',
      argv: [],
      env: { WHEELHOUSE_BOTS_PORT: '2', PORT: '3' },
      value: 2,
      by: 'WHEELHOUSE_BOTS_PORT',
    },
    { name: 'the variable of the contract counts alone', argv: [], env: { PORT: '3' }, value: 3, by: 'PORT' },
    { name: 'an empty variable counts as not given', argv: [], env: { WHEELHOUSE_BOTS_PORT: '', PORT: '3' }, value: 3, by: 'PORT' },
    { name: 'the last of two flags counts', argv: ['--bots-port', '1', '--bots-port', '2'], env: {}, value: 2, by: '--bots-port' },
  ])('$name', ({ argv, env, value, by }) => {
    expect(readOptions(argv, env).fixed.get('apis.bots.port')).toEqual({ value, by })
  })

  test('the variables of the contracts are parsed', () => {
    const { contractVariables } = readOptions([], {
      API_KEY: 'a-secret-of-some-length',
      DATABASE_URL: 'file:///srv/bots.db',
      SESSION_DEFAULT_EXPIRATION: '30m',
      SESSION_REMEMBER_ME_EXPIRATION: '168h',
      JWT_REFRESH_THRESHOLD: '1m30s',
      SESSION_CLEANUP_INTERVAL: '1.5h',
      SESSION_MAX_CONCURRENT: '5',
      SESSION_STORAGE_TYPE: 'redis',
      REDIS_URL: 'redis://:secret@10.0.0.7:6379/1',
    })
    expect(contractVariables).toEqual({
      apiKey: 'a-secret-of-some-length',
      databaseFile: '/srv/bots.db',
      sessionDefaultExpiration: 1_800_000,
      sessionRememberMeExpiration: 604_800_000,
      jwtRefreshThreshold: 90_000,
      sessionCleanupInterval: 5_400_000,
      sessionMaxConcurrent: 5,
      sessionStorageType: 'redis',
      redisUrl: 'redis://:secret@10.0.0.7:6379/1',
    })
  })

  test.each([
    ['file:///srv/bots.db', '/srv/bots.db'],
    ['file:bots.db', resolve('bots.db')],
    ['sqlite:bots.db', resolve('bots.db')],
    ['sqlite:///srv/bots.db', '/srv/bots.db'],
    ['sqlite://bots.db', resolve('bots.db')],
    ['./bots.db', resolve('bots.db')],
    ['/srv/bots.db', '/srv/bots.db'],
  ])('DATABASE_URL %s is the file %s', (url, file) => {
    expect(readOptions([], { DATABASE_URL: url }).contractVariables.databaseFile).toBe(file)
  })

  test('help and version are asked for in the usual ways', () => {
    expect(readOptions(['--help'], {}).show).toBe('help')
    expect(readOptions(['-h', '--version'], {}).show).toBe('help')
    expect(readOptions(['--version'], {}).show).toBe('version')
    expect(readOptions(['--help', '--bots-port', 'x'], { PORT: 'y' }).show).toBe('help')
  })
})

describe('a bad value', () => {
  test.each<[string[], Record<string, string>, string]>([
    [['--control-port', 'off'], {}, '--control-port "off" is not accepted: give a whole number from 0 to 65535 (0 takes any free port)'],
    [['--bots-port=70000'], {}, '--bots-port "70000" is not accepted: give a whole number from 0 to 65535 (0 takes any free port) or off'],
    [[], { PORT: '80a' }, 'PORT "80a" is not accepted: give a whole number from 0 to 65535 (0 takes any free port) or off'],
    [
      [],
      { WHEELHOUSE_HOST: 'example.test' },
      'WHEELHOUSE_HOST "example.test" is not accepted: give an IP address of this machine such as 127.0.0.1 or ::1, or localhost',
    ],
    [['--log-level', 'loud'], {}, '--log-level "loud" is not accepted: give one of trace, debug, info, warn, error, silent'],
    [
      ['--whatsapp-url', 'http://127.0.0.1'],
      {},
      '--whatsapp-url "http://127.0.0.1" is not accepted: give an address starting with wss:// or ws://',
    ],
    [['--public-url', 'ftp://x'], {}, '--public-url "ftp://x" is not accepted: give an address starting with http:// or https://'],
    [
      [],
      { SESSION_DEFAULT_EXPIRATION: '30' },
      'SESSION_DEFAULT_EXPIRATION "30" is not accepted: give a duration above zero such as 30m, 168h or 1h30m',
    ],
    [
      [],
      { SESSION_CLEANUP_INTERVAL: '-1m' },
      'SESSION_CLEANUP_INTERVAL "-1m" is not accepted: give a duration above zero such as 30m, 168h or 1h30m',
    ],
    [[], { SESSION_MAX_CONCURRENT: '0' }, 'SESSION_MAX_CONCURRENT "0" is not accepted: give a whole number from 1 to 1000000'],
    [[], { SESSION_STORAGE_TYPE: 'disk' }, 'SESSION_STORAGE_TYPE "disk" is not accepted: give one of memory, redis, database'],
    [['--control-port'], {}, '--control-port needs a value: give a whole number from 0 to 65535 (0 takes any free port)'],
    [['--control-port', '--host', '::1'], {}, '--control-port needs a value: give a whole number from 0 to 65535 (0 takes any free port)'],
    [['--data-dir='], {}, '--data-dir needs a value: give a path'],
    [['--colour', 'red'], {}, '--colour is not a known flag; --help lists them'],
    [['--datadir', 'x'], {}, '--datadir is not a known flag; did you mean --data-dir?'],
    [['-p', '80'], {}, '-p is not a known flag; --help lists them'],
    [['--help=yes'], {}, '--help takes no value'],
    [['start'], {}, 'start is not a flag; --help lists them'],
  ])('%j %j is one clear line', (argv, env, message) => {
    expect(refusal(argv, env)).toBe(message)
  })

  test('of a variable that may carry a password is not repeated', () => {
    expect(refusal([], { DATABASE_URL: 'postgres://bot:hunter22@db/bots' })).toBe(
      'DATABASE_URL is not accepted: give a SQLite file such as file:///var/lib/wheelhouse/bots.db, sqlite:bots.db or a plain path (other databases are not supported)',
    )
    expect(refusal([], { API_KEY: 'with space' })).not.toContain('with space')
    expect(refusal(['--public-url', 'https://user:hunter22@example.test'])).not.toContain('hunter22')
  })

  test('of any kind is one line, or is accepted', () => {
    const flags = ['--control-port', '--host', '--browser', '--log-level', '--public-url', '--data-dir', '--what', '-x', '--', '--help']
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(...flags), fc.string())),
        fc.dictionary(fc.constantFrom('PORT', 'DATABASE_URL', 'API_KEY', 'JWT_REFRESH_THRESHOLD', 'WHEELHOUSE_PUBLIC_URL'), fc.string()),
        (argv, env) => {
          try {
            readOptions(argv, env)
          } catch (error) {
            expect(error).toBeInstanceOf(OptionError)
            expect(String(error)).not.toMatch(/[\n\r]/)
          }
        },
      ),
    )
  })
})

describe('Go durations', () => {
  test.each([
    ['0', 0],
    ['1h30m', 5_400_000],
    ['300ms', 300],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['1us', 0.001],
    ['1µs', 0.001],
    ['2500ns', 0.0025],
    ['-1m', -60_000],
    ['+1m', 60_000],
    ['1m1m', 120_000],
  ])('%s are %d ms', (text, ms) => expect(parseGoDuration(text)).toBeCloseTo(ms, 9))

  test.each(['', '1', '1 h', 'h', '1d', '1h-30m', '.s', '1.2.3s', '1H', '9999999999h', ' 1h'])('%j is none', (text) =>
    expect(parseGoDuration(text)).toBeUndefined(),
  )
})

describe('the help text', () => {
  test('names every flag, every variable and every default', () => {
    const text = helpText()
    for (const name of [
      'data-dir',
      'host',
      'control-port',
      'brokers-port',
      'browsers-port',
      'bots-port',
      'logins-port',
      'relay-port',
      'browser',
      'log-level',
      'whatsapp-url',
      'public-url',
    ]) {
      expect(text).toContain(`--${name} `)
      expect(text).toContain(`WHEELHOUSE_${name.replaceAll('-', '_').toUpperCase()}`)
    }
    for (const name of [
      'API_KEY',
      'PORT',
      'DATABASE_URL',
      'SESSION_DEFAULT_EXPIRATION',
      'SESSION_REMEMBER_ME_EXPIRATION',
      'JWT_REFRESH_THRESHOLD',
      'SESSION_CLEANUP_INTERVAL',
      'SESSION_MAX_CONCURRENT',
      'SESSION_STORAGE_TYPE',
    ])
      expect(text).toContain(name)
    for (const port of [7700, 3000, 5010, 8000, 8081, 8090]) expect(text).toContain(`(default: ${port})`)
  })
})

describe('the data directory', () => {
  test.each([
    ['linux', {}, '/home/a', '/home/a/.local/share/wheelhouse'],
    ['linux', { XDG_DATA_HOME: '/data' }, '/home/a', '/data/wheelhouse'],
    ['linux', { XDG_DATA_HOME: 'relative' }, '/home/a', '/home/a/.local/share/wheelhouse'],
    ['darwin', {}, '/Users/a', '/Users/a/Library/Application Support/Wheelhouse'],
    ['win32', { LOCALAPPDATA: 'D:\\local' }, 'C:\\Users\\a', 'D:\\local\\Wheelhouse'],
    ['win32', {}, 'C:\\Users\\a', 'C:\\Users\\a\\AppData\\Local\\Wheelhouse'],
  ] as const)('on %s with %j is where that system wants it', (platform, env, home, expected) => {
    expect(defaultDataDir(platform, env, home)).toBe(expected)
  })
})
