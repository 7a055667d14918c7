import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { migrateSettings, settingsMigrations } from '../../../server/config/migrations.ts'
import { getAt, isPlainObject, merge } from '../../../server/config/paths.ts'
import { salvage } from '../../../server/config/salvage.ts'
import { defaultSettings, settingsSchema, settingsVersion } from '../../../server/config/settings.ts'

describe('salvaging settings', () => {
  test('keeps what is good, names what is not by its dotted path', () => {
    const { settings, setAside } = salvage({
      theme: 'dark',
      logLevel: 'loud',
      apis: { browsers: { port: 5011, openTo: 'world' }, printers: { port: 1 } },
      browsers: { idleTimeout: '10 minutes' },
      allowedOrigins: ['http://localhost:5173', 'nonsense', 'ftp://x', 'https://example.test'],
      favourite: 'blue',
    })
    expect(settings).toEqual(
      merge(defaultSettings, {
        theme: 'dark',
        apis: { browsers: { port: 5011 } },
        allowedOrigins: ['http://localhost:5173', 'https://example.test'],
      }),
    )
    expect(Object.fromEntries(setAside.map(({ path, value }) => [path, value]))).toEqual({
      logLevel: 'loud',
      'apis.browsers.openTo': 'world',
      'apis.printers': { port: 1 },
      'browsers.idleTimeout': '10 minutes',
      'allowedOrigins.1': 'nonsense',
      'allowedOrigins.2': 'ftp://x',
      favourite: 'blue',
    })
    for (const { reason } of setAside) expect(reason).not.toBe('')
  })

  test.each([null, 5, 'text', [1, 2], true])('takes %j for no settings at all', (raw) => {
    expect(salvage(raw)).toEqual({ settings: defaultSettings, setAside: [{ path: '', reason: 'not an object of settings', value: raw }] })
  })

  test('never fails, and loses nothing, whatever JSON it is given', () => {
    const names = fc.oneof(
      fc.constantFrom(
        'apis',
        'browsers',
        'control',
        'port',
        'openTo',
        'allowedOrigins',
        'captcha',
        'theme',
        'audit',
        '__proto__',
        'constructor',
        'toString',
      ),
      fc.string(),
    )
    const json = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.jsonValue({ maxDepth: 1 }),
        fc.constantFrom('dark', 'lan', 'off', 7_700),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(names, tie('value'), { maxKeys: 6 }),
      ),
    })).value
    fc.assert(
      fc.property(json, (generated) => {
        // As a file would hold it: `__proto__` becomes an own property.
        const raw: unknown = JSON.parse(JSON.stringify(generated) ?? 'null')
        const before = structuredClone(raw)
        const { settings, setAside } = salvage(raw)
        expect(settingsSchema.parse(settings)).toEqual(settings)
        expect(raw).toEqual(before)
        for (const { path, value } of valuesOf(raw)) {
          const kept =
            JSON.stringify(getAt(settings, path)) === JSON.stringify(value) ||
            path.some((_, index) => Array.isArray(getAt(settings, path.slice(0, index))))
          const aside = setAside.some(
            (entry) => entry.path === '' || path.join('.') === entry.path || path.join('.').startsWith(`${entry.path}.`),
          )
          expect(kept || aside, path.join('.')).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('is not fooled into changing the prototype of all objects', () => {
    salvage(JSON.parse('{"__proto__":{"polluted":true},"apis":{"__proto__":{"polluted":true}}}'))
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
  })
})

describe('settings migrations', () => {
  test('lead without a hole to the present version', () => {
    expect(settingsMigrations.map(({ from }) => from)).toEqual(Array.from({ length: settingsVersion }, (_, version) => version))
  })

  test('leave what is no name in the list of open APIs, so that it is told', () => {
    const { settings, setAside } = salvage(migrateSettings({ lan: ['bots', { toString: 0 }, [null]] }, 0))
    expect(settings.apis.bots.openTo).toBe('lan')
    expect(setAside).toMatchObject([{ path: 'lan', value: [{ toString: 0 }, [null]] }])
  })

  test('never fail, whatever JSON they are given', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.jsonValue(),
          fc.dictionary(fc.constantFrom('lan', 'idleMinutes', 'controlPort', 'apis', 'chromium', '__proto__', 'dark'), fc.jsonValue()),
        ),
        (raw) => {
          expect(() => salvage(migrateSettings(raw, 0))).not.toThrow()
        },
      ),
    )
  })
})

/** Every value that is not an object, with its path; an empty object says nothing and cannot be lost. */
function valuesOf(value: unknown, path: string[] = []): { path: string[]; value: unknown }[] {
  if (isPlainObject(value)) return Object.entries(value).flatMap(([name, inner]) => valuesOf(inner, [...path, name]))
  if (Array.isArray(value) && value.length > 0) return value.flatMap((inner: unknown, index) => valuesOf(inner, [...path, String(index)]))
  return [{ path, value }]
}
