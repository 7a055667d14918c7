import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, rmSync, writeFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '../../../server/clock.ts'
import { createSealing, type Sealing } from '../../../server/secrets/sealing.ts'
import { sealingKeyFile } from '../../../server/secrets/sealing-key.ts'
import { createSealingStore } from '../../../server/secrets/sealing-store.ts'
import { temporaryFolder, testDatabase, testLog } from '../../fakes/kernel.ts'

function house() {
  const dataDir = temporaryFolder()
  const store = createSealingStore(testDatabase())
  const keyFile = join(dataDir, sealingKeyFile)
  return { dataDir, keyFile, start: (): Promise<Sealing> => createSealing({ dataDir, store, clock: systemClock, log: testLog() }) }
}

test('a house that has sealed nothing makes a key, again and again, as often as it is lost', async () => {
  const { keyFile, start } = house()
  await start()
  rmSync(keyFile)
  const sealing = await start()
  expect(sealing.state()).toEqual({ is: 'open' })
  expect(sealing.sealer.open(sealing.sealer.seal('text', 'place'), 'place').toString()).toBe('text')
})

test('a lost key is not replaced: what it sealed is locked, and nothing is sealed', async () => {
  const { dataDir, keyFile, start } = house()
  const sealed = (await start()).sealer.seal('text', 'place')
  rmSync(keyFile)
  const sealing = await start()
  expect(sealing.state()).toEqual({ is: 'missing', reason: expect.stringContaining('is missing') })
  expect(() => sealing.sealer.open(sealed, 'place')).toThrow(expect.objectContaining({ code: 'sealed-locked' }))
  expect(() => sealing.sealer.seal('more', 'place')).toThrow(
    expect.objectContaining({ code: 'sealed-locked', message: expect.stringContaining('is missing') }),
  )
  expect(readdirSync(dataDir)).not.toContain(sealingKeyFile)
})

test('a key that is put back opens everything without a new start', async () => {
  const { keyFile, start } = house()
  const sealed = (await start()).sealer.seal('text', 'place')
  renameSync(keyFile, `${keyFile}.away`)
  const sealing = await start()
  renameSync(`${keyFile}.away`, keyFile)
  expect(await sealing.reload()).toEqual({ is: 'open' })
  expect(sealing.sealer.open(sealed, 'place').toString()).toBe('text')
})

test('a changed key is noticed, seals what is new, and the old one beside it opens what is old', async () => {
  const { dataDir, keyFile, start } = house()
  const old = (await start()).sealer.seal('old', 'place')
  const oldFile = readFileSync(keyFile)
  writeFileSync(keyFile, JSON.stringify({ version: 1, kind: 'plain', key: randomBytes(32).toString('base64') }))

  const sealing = await start()
  expect(sealing.state()).toEqual({ is: 'changed', reason: expect.stringContaining('is not the key') })
  const fresh = sealing.sealer.seal('new', 'place')
  expect(() => sealing.sealer.open(old, 'place')).toThrow(expect.objectContaining({ code: 'sealed-locked' }))

  writeFileSync(join(dataDir, 'sealing-key.old.json'), oldFile)
  expect(await sealing.reload()).toEqual({ is: 'open' })
  expect(sealing.sealer.open(old, 'place').toString()).toBe('old')
  expect(sealing.sealer.open(fresh, 'place').toString()).toBe('new')
})

test('a broken key file starts the house, and stays beside the key that takes its place when it is given up', async () => {
  const { dataDir, keyFile, start } = house()
  ;(await start()).sealer.seal('text', 'place')
  writeFileSync(keyFile, '{')
  const sealing = await start()
  expect(sealing.state()).toEqual({ is: 'broken', reason: expect.stringContaining('put back a copy') })
  await sealing.replaceLost()
  expect(sealing.state()).toEqual({ is: 'open' })
  expect(sealing.sealer.open(sealing.sealer.seal('new', 'place'), 'place').toString()).toBe('new')
  expect(readdirSync(dataDir).filter((name) => name.startsWith('sealing-key.unread-'))).toHaveLength(1)
  expect((await start()).state()).toEqual({ is: 'open' })
})

test('a key that only the desktop app can open locks what it sealed and is not given up', async () => {
  const { keyFile, start } = house()
  ;(await start()).sealer.seal('text', 'place')
  const file = JSON.stringify({ version: 1, kind: 'protected', key: randomBytes(48).toString('base64') })
  writeFileSync(keyFile, file)
  const sealing = await start()
  expect(sealing.state()).toEqual({ is: 'protected', reason: expect.stringContaining('start the app') })
  await expect(sealing.replaceLost()).rejects.toMatchObject({ code: 'sealing-key-protected' })
  expect(readFileSync(keyFile, 'utf8')).toBe(file)
})
