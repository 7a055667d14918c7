/**
 * Snapshots of a bot's whole link: every row of every kind, so that a restored bot can read its old chats. Kept sealed, several of them;
 * carried to another machine as one file under a passphrase.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes, scryptSync } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import { z } from 'zod'
import type { Clock } from '../../clock.ts'
import type { Fault } from '../../fault.ts'
import { BotFault } from '../fault.ts'
import { randomBase62 } from '../../secrets/random.ts'
import type { Sealer } from '../../secrets/sealer.ts'
import type { BackupFacts, BackupStore } from './store.ts'
import type { StoredLink } from '../bot/link-store.ts'
import type { BotRow } from '../store.ts'

export interface BackupContent {
  userId: string
  phoneNumber: string
  name: string | null
  label: string
  linkedAt: number | null
  rows: { kind: string; id: string; value: Buffer }[]
}

export interface Backups {
  create(bot: BotRow, link: Pick<StoredLink, 'all'>): BackupFacts
  keep(userId: string, content: BackupContent): BackupFacts
  /** The newest first. */
  list(userId: string): BackupFacts[]
  /** Null for the newest. Throws `backup-not-found` and `backup-broken`. */
  open(userId: string, id: string | null): BackupContent
  /** One file for another machine. */
  write(userId: string, id: string, passphrase: string): Buffer
  /** Throws `backup-broken` for a file that is none, was changed, or has another passphrase. */
  read(file: Uint8Array, passphrase: string): BackupContent
}

/** Kept for each bot; the oldest goes. */
const keptPerBot = 10
const format = 'wheelhouse-bot-backup'
const magic = Buffer.from('WHBOT1\n')
/** 64 MiB for some 100 ms: the file may lie anywhere, for long. */
const cost = { N: 65_536, r: 8, p: 1, maxmem: 128 * 1024 * 1024 }

const contentSchema = z.object({
  format: z.literal(format),
  version: z.literal(1),
  userId: z.string().regex(/^[A-Za-z0-9_-]{1,100}$/),
  phoneNumber: z.string().regex(/^[0-9]{6,15}$/),
  name: z.string().nullable(),
  label: z.string(),
  linkedAt: z.number().nullable(),
  rows: z.array(z.tuple([z.string(), z.string(), z.base64()])).min(1),
})

export function createBackups(store: BackupStore, sealer: Sealer, clock: Clock): Backups {
  const place = (id: string): string => `bots:backup:${id}`

  function keep(userId: string, content: BackupContent): BackupFacts {
    const packed = pack(content)
    const facts = { id: `backup_${randomBase62(16)}`, createdAt: clock.now(), checksum: digest(packed), rows: content.rows.length }
    const sealed = sealer.seal(packed, place(facts.id))
    store.add(userId, { ...facts, sealed }, keptPerBot)
    return { ...facts, bytes: sealed.length }
  }

  function packed(userId: string, id: string | null): Buffer {
    const wanted = id ?? store.newest(userId)
    const row = wanted === undefined ? undefined : store.find(userId, wanted)
    if (row === undefined || wanted === undefined) throw new BotFault('backup-not-found', 'No backup found for this session')
    const content = unsealed(() => sealer.open(row.sealed, place(wanted)))
    if (digest(content) !== row.checksum) throw broken()
    return content
  }

  return {
    // One read of one table: the library's writes are whole transactions, so what is read fits together.
    create: ({ userId, phoneNumber, name, label, linkedAt }, link) =>
      keep(userId, { userId, phoneNumber, name, label, linkedAt, rows: link.all() }),
    keep,
    list: (userId) => store.list(userId),
    open: (userId, id) => unpack(packed(userId, id)),
    write(userId, id, passphrase) {
      const [salt, nonce] = [randomBytes(16), randomBytes(12)]
      const cipher = createCipheriv('aes-256-gcm', scryptSync(passphrase.normalize('NFKC'), salt, 32, cost), nonce).setAAD(magic)
      const text = [cipher.update(packed(userId, id)), cipher.final()]
      return Buffer.concat([magic, salt, nonce, cipher.getAuthTag(), ...text])
    },
    read(file, passphrase) {
      const bytes = Buffer.from(file)
      if (bytes.length < magic.length + 44 || !bytes.subarray(0, magic.length).equals(magic)) throw broken()
      const [salt, nonce, tag] = [bytes.subarray(7, 23), bytes.subarray(23, 35), bytes.subarray(35, 51)]
      return unsealed(() => {
        const decipher = createDecipheriv('aes-256-gcm', scryptSync(passphrase.normalize('NFKC'), salt, 32, cost), nonce)
          .setAAD(magic)
          .setAuthTag(tag)
        return unpack(Buffer.concat([decipher.update(bytes.subarray(51)), decipher.final()]))
      })
    },
  }
}

function pack({ rows, ...facts }: BackupContent): Buffer {
  return gzipSync(
    JSON.stringify({ format, version: 1, ...facts, rows: rows.map(({ kind, id, value }) => [kind, id, value.toString('base64')]) }),
  )
}

function unpack(packed: Buffer): BackupContent {
  return unsealed(() => {
    const { rows, userId, phoneNumber, name, label, linkedAt } = contentSchema.parse(
      JSON.parse(gunzipSync(packed, { maxOutputLength: 256 * 1_048_576 }).toString()),
    )
    return {
      userId,
      phoneNumber,
      name,
      label,
      linkedAt,
      rows: rows.map(([kind, id, value]) => ({ kind, id, value: Buffer.from(value, 'base64') })),
    }
  })
}

/** Whatever is wrong with it, the caller learns no more than that it cannot be used. */
function unsealed<Value>(work: () => Value): Value {
  try {
    return work()
  } catch {
    throw broken()
  }
}

function broken(): Fault {
  return new BotFault('backup-broken', 'This backup is damaged, or the passphrase is not its own; nothing was changed')
}

function digest(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}
