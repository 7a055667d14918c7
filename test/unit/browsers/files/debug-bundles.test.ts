import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DebugBundles, debugBundlesKept } from '../../../../server/browsers/debug/debug-bundles.ts'

let folder: string
let now: number
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wheelhouse-bundles-'))
  now = 1_000
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const clock = { now: () => now }
const zip = new Uint8Array(100)
const of = { session: 'session_1', operation: 'list', makers: ['key:desk'] }
const everybody = (): boolean => true

function begun(limits = { most: 2, mostBytes: 1_000 }): DebugBundles {
  const bundles = new DebugBundles({ folder, clock, limits })
  bundles.start()
  bundles.stop()
  return bundles
}

describe('debug bundles', () => {
  it('are there after a restart for who may see them, readable by the owner alone, and gone after a day', async () => {
    const id = await begun().add(of, zip)
    expect(statSync(join(folder, `${id}.zip`)).mode & 0o777).toBe(0o600)
    writeFileSync(join(folder, 'half.zip'), 'x')
    const again = begun()
    expect(again.get(id, everybody)).toMatchObject({ ...of, bytes: 100 })
    expect(() => again.get(id, () => false)).toThrow(expect.objectContaining({ code: 'debug-bundle-not-found' }))
    now += debugBundlesKept
    expect(() => again.get(id, everybody)).toThrow('No such debug bundle')
    expect(readdirSync(folder)).toEqual([])
  })

  it('make room, the oldest first, by number and by size', async () => {
    const bundles = begun({ most: 2, mostBytes: 250 })
    const ids = [await bundles.add(of, zip), await bundles.add(of, zip), await bundles.add(of, zip)]
    expect(
      readdirSync(folder)
        .filter((name) => name.endsWith('.zip'))
        .sort(),
    ).toEqual(
      ids
        .slice(1)
        .map((id) => `${id}.zip`)
        .sort(),
    )
    await bundles.add(of, new Uint8Array(240))
    expect(readdirSync(folder)).toHaveLength(2)
  })
})
