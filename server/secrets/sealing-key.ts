/** The installation's sealing key: a file only the owner can read, wrapped by the system's key store where the shell offers one. */
import { randomBytes } from 'node:crypto'
import { chmodSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { type Fault, KernelFault } from '../fault.ts'
import { replaceFile, writeNewFile } from '../store/files.ts'
import { sameSecret } from './hash.ts'
import type { RandomBytes } from './random.ts'

/** The system's key store, as the desktop shell hands it in. */
export interface KeyProtector {
  protect(plain: Buffer): Promise<Buffer>
  unprotect(sealed: Buffer): Promise<Buffer>
}

export const sealingKeyFile = 'sealing-key.json'

const keyFile = z.object({ version: z.literal(1), kind: z.enum(['plain', 'protected']), key: z.base64().min(1) })
type KeyFile = z.output<typeof keyFile>

/**
 * Reads the key of `dataDir`, making it at the first start. With a protector a plain key file becomes a protected one.
 *
 * Throws `sealing-key-protected` when the key needs the desktop app's key store and there is none, `sealing-key-broken` when the file
 * cannot be read. A key is never replaced by a new one: what was sealed with it would be lost.
 */
export async function loadSealingKey(dataDir: string, protector?: KeyProtector, random: RandomBytes = randomBytes): Promise<Uint8Array> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const file = join(dataDir, sealingKeyFile)
  return openFile(file, read(file) ?? (await create(file, protector, random)), protector)
}

/** The same for a key that must be there already: null when there is no file, and none is made. */
export async function readSealingKey(dataDir: string, protector?: KeyProtector): Promise<Uint8Array | null> {
  const file = join(dataDir, sealingKeyFile)
  const found = read(file)
  return found === null ? null : openFile(file, found, protector)
}

/**
 * Keys that a person has put beside the present one, as `sealing-key.ANY-NAME.json`: what they sealed opens again, and nothing new is
 * sealed with them. `unreadable` names the files that are no key.
 */
export async function readOtherKeys(dataDir: string, protector?: KeyProtector): Promise<{ keys: Uint8Array[]; unreadable: string[] }> {
  const keys: Uint8Array[] = []
  const unreadable: string[] = []
  for (const name of readdirSync(dataDir)
    .filter((each) => /^sealing-key\..+\.json$/.test(each))
    .toSorted()) {
    const file = join(dataDir, name)
    try {
      const found = read(file)
      if (found !== null) keys.push(await unwrap(found, file, protector))
    } catch {
      unreadable.push(name)
    }
  }
  return { keys, unreadable }
}

/** Moves a key file that cannot be read out of the way of a new one; it stays beside it, should a copy of it mend it one day. */
export function putKeyAside(dataDir: string, now: string): void {
  renameSync(join(dataDir, sealingKeyFile), join(dataDir, `sealing-key.unread-${now.replaceAll(':', '-')}.json`))
}

async function openFile(file: string, found: KeyFile, protector: KeyProtector | undefined): Promise<Uint8Array> {
  const key = await unwrap(found, file, protector)
  if (found.kind === 'plain' && protector !== undefined) await protectFile(file, key, protector)
  return key
}

function read(file: string): KeyFile | null {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
  // A file copied by hand may have lost its mode.
  chmodSync(file, 0o600)
  try {
    return keyFile.parse(JSON.parse(text))
  } catch (error) {
    throw broken(file, error)
  }
}

async function create(file: string, protector: KeyProtector | undefined, random: RandomBytes): Promise<KeyFile> {
  const content = await wrap(Buffer.from(random(32)), protector)
  const unfinished = `${file}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`
  writeNewFile(unfinished, JSON.stringify(content))
  try {
    // A link, unlike a rename, fails when the file exists: of two starts at once both use the key of the first.
    linkSync(unfinished, file)
  } catch (error) {
    const other = read(file)
    if (other === null) throw error
    return other
  } finally {
    rmSync(unfinished, { force: true })
  }
  return content
}

async function wrap(key: Buffer, protector: KeyProtector | undefined): Promise<KeyFile> {
  if (protector === undefined) return { version: 1, kind: 'plain', key: key.toString('base64') }
  return { version: 1, kind: 'protected', key: (await protector.protect(key)).toString('base64') }
}

async function unwrap(content: KeyFile, file: string, protector: KeyProtector | undefined): Promise<Buffer> {
  const bytes = Buffer.from(content.key, 'base64')
  if (content.kind === 'plain') return checked(bytes, file)
  if (protector === undefined) {
    const message = `${file} is protected by the key store of the desktop app; start the app, or give the server another data directory`
    throw new KernelFault('sealing-key-protected', message, { file })
  }
  try {
    return checked(await protector.unprotect(bytes), file)
  } catch (error) {
    throw broken(file, error)
  }
}

async function protectFile(file: string, key: Buffer, protector: KeyProtector): Promise<void> {
  const sealed = await protector.protect(key)
  // The plain key is given up only when the key store has proved that it gives it back.
  if (!sameSecret(await protector.unprotect(sealed), key)) {
    throw new KernelFault('sealing-key-broken', 'the system key store does not give back what it was given', { file })
  }
  replaceFile(file, JSON.stringify({ version: 1, kind: 'protected', key: sealed.toString('base64') } satisfies KeyFile))
}

function checked(key: Buffer, file: string): Buffer {
  if (key.length !== 32) throw broken(file)
  return key
}

function broken(file: string, cause?: unknown): Fault {
  const message = `${file} cannot be read as a sealing key; put back a copy of it, nothing sealed can be opened without`
  return new KernelFault('sealing-key-broken', message, { file }, { cause })
}
