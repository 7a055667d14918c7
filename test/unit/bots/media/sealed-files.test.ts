import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { createSealedFiles, pieceBytes } from '../../../../server/bots/media/sealed-files.ts'
import { temporaryFolder } from '../../../fakes/kernel.ts'

async function* inParts(whole: Buffer, bytes: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < whole.length; start += bytes) yield whole.subarray(start, start + bytes)
}

async function gathered(stream: Readable): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of stream) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

const nothing = (): void => {}
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

test.each([1, pieceBytes - 1, pieceBytes, pieceBytes + 1, 3 * pieceBytes + 17])(
  'a file of %i bytes comes out as it went in, also in part',
  async (bytes) => {
    const files = createSealedFiles(temporaryFolder())
    const whole = randomBytes(bytes)
    const file = await files.write('one', inParts(whole, 10_007), nothing)
    expect(file.size).toBe(bytes)
    expect(digest(await gathered(files.read(file)))).toBe(digest(whole))
    for (const [start, end] of [
      [0, 1],
      [bytes - 1, bytes],
      [Math.floor(bytes / 3), Math.ceil((2 * bytes) / 3)],
    ] as const)
      expect(digest(await gathered(files.read(file, { start, end })))).toBe(digest(whole.subarray(start, end)))
  },
)

test('on the disk it says nothing, and only its owner may read it', async () => {
  const folder = temporaryFolder()
  const files = createSealedFiles(folder)
  await files.write('one', inParts(Buffer.from('gate 7 '.repeat(1_000)), 500), nothing)
  expect(readFileSync(join(folder, 'one')).includes('gate 7')).toBe(false)
  expect(statSync(join(folder, 'one')).mode & 0o777).toBe(0o600)
})

test('a file that was cut off, changed or exchanged is not read', async () => {
  const folder = temporaryFolder()
  const files = createSealedFiles(folder)
  const write = (id: string) => files.write(id, inParts(randomBytes(2 * pieceBytes + 5), 70_000), nothing)
  const [one, two] = [await write('one'), await write('two')]
  const bytes = readFileSync(join(folder, 'one'))
  writeFileSync(join(folder, 'one'), bytes.subarray(0, pieceBytes + 29))
  await expect(gathered(files.read(one))).rejects.toThrow()
  bytes[100_000] = (bytes[100_000] ?? 0) ^ 1
  writeFileSync(join(folder, 'one'), bytes)
  await expect(gathered(files.read(one))).rejects.toThrow()
  await expect(gathered(files.read({ ...two, id: 'one' }))).rejects.toThrow()
})

test('what ends in the middle leaves nothing, and what a crash left is swept away', async () => {
  const folder = temporaryFolder()
  const files = createSealedFiles(folder)
  const refuse = (): never => {
    throw new Error('enough')
  }
  await expect(files.write('one', inParts(randomBytes(100), 10), refuse)).rejects.toThrow('enough')
  expect(readdirSync(folder)).toEqual([])
  for (const name of ['known', 'unknown', 'half.part']) writeFileSync(join(folder, name), '')
  files.sweep((id) => id === 'known')
  expect(readdirSync(folder)).toEqual(['known'])
})
