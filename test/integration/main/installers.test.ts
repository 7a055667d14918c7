import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { getConfig, validateConfiguration } from 'app-builder-lib/out/util/config/config.js'
import { DebugLogger } from 'builder-util'
import { beforeAll, describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const at = (path: string) => join(root, path)
type Configuration = Awaited<ReturnType<typeof getConfig>>
let configuration: Configuration

/** The patterns of a `files` entry, which reading may have gathered into file sets. */
const patternsOf = (files: Configuration['files']): string[] =>
  [files ?? []].flat().flatMap((entry) => (typeof entry === 'string' ? entry : (entry.filter ?? [])))

beforeAll(async () => {
  configuration = await getConfig(root, at('electron-builder.yml'), null)
})

test('electron-builder itself finds nothing wrong with the configuration, and does find a key that does not exist', async () => {
  await validateConfiguration(configuration, new DebugLogger(false))
  const wrong = { ...configuration, linux: { ...configuration.linux, targets: ['deb'] } }
  await expect(validateConfiguration(wrong as Configuration, new DebugLogger(false))).rejects.toThrow('configuration.linux')
})

test('each system gets its installers', () => {
  expect(configuration.linux?.target).toEqual(['AppImage', 'deb'])
  expect(configuration.win?.target).toBe('nsis')
  expect(configuration.mac?.target).toEqual(['dmg', 'zip'])
  expect(configuration.nsis).toMatchObject({ oneClick: false, perMachine: false })
})

test('the program cannot be turned into a bare Node, a debugger’s prey or a loader of other code', () => {
  expect(configuration.electronFuses).toEqual({
    runAsNode: false,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    onlyLoadAppFromAsar: true,
    enableEmbeddedAsarIntegrityValidation: true,
    grantFileProtocolExtraPrivileges: false,
    enableCookieEncryption: true,
  })
})

test('every file that is named exists', () => {
  const named = patternsOf(configuration.files)
    .filter((pattern) => !pattern.startsWith('!') && !pattern.startsWith('out/'))
    .map((pattern) => pattern.replace('/**', ''))
  expect(named).toEqual(['resources/icons/512x512.png', 'resources/tray', 'node_modules/better-sqlite3'])
  for (const path of [...named, configuration.linux?.icon, configuration.win?.icon, configuration.mac?.icon])
    expect(existsSync(at(path ?? 'left out')), String(path)).toBe(true)
})

test('no system has a list of files of its own, which would pack the whole working tree when it only excludes', () => {
  expect([configuration.linux?.files, configuration.win?.files, configuration.mac?.files]).toEqual([undefined, undefined, undefined])
})

describe('icons', () => {
  test('PNGs have the size in their name', () => {
    for (const name of readdirSync(at('resources/icons'))) {
      const png = readFileSync(at(`resources/icons/${name}`))
      expect(`${png.readUInt32BE(16)}x${png.readUInt32BE(20)}.png`).toBe(name)
    }
  })

  test('the ICO holds every size that Windows asks for, each where its entry says', () => {
    const ico = readFileSync(at('resources/icon.ico'))
    const entries = Array.from({ length: ico.readUInt16LE(4) }, (_, index) => 6 + 16 * index)
    expect(entries.map((entry) => ico.readUInt8(entry) || 256)).toEqual([16, 24, 32, 48, 64, 128, 256])
    for (const entry of entries) {
      const offset = ico.readUInt32LE(entry + 12)
      expect(ico.subarray(offset + 1, offset + 4).toString()).toBe('PNG')
      expect(ico.readUInt32BE(offset + 16)).toBe(ico.readUInt8(entry) || 256)
    }
  })

  test('the ICNS is whole and goes up to 1024', () => {
    const icns = readFileSync(at('resources/icon.icns'))
    expect([icns.toString('latin1', 0, 4), icns.readUInt32BE(4)]).toEqual(['icns', icns.length])
    const sizes: number[] = []
    for (let offset = 8; offset < icns.length; offset += icns.readUInt32BE(offset + 4)) sizes.push(icns.readUInt32BE(offset + 8 + 16))
    expect(new Set(sizes)).toEqual(new Set([32, 64, 128, 256, 512, 1024]))
  })
})
