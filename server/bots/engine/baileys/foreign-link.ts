/**
 * A link that another program made with the same library, as our rows.
 *
 * Read are the library's own folder (`creds.json` and one file for each key, which WAHA keeps for NOWEB as well, and Evolution without the
 * credentials) and one JSON document with the same entries: an object by key, as Redis gives a hash of Evolution's, or rows of `key` and
 * `value`, as WAHA's `waha_auth` table has them. Values may be text in text, as Evolution writes its credentials.
 */
import type { AuthenticationCreds } from 'baileys'
import { z } from 'zod'
import type { Fault } from '../../../fault.ts'
import { BotFault } from '../../fault.ts'
import type { ForeignLink } from '../link.ts'
import { credsId, credsKind } from './link.ts'

type Library = Pick<typeof import('baileys'), 'BufferJSON'>

/** The library's kinds of keys; a longer name comes before one that it begins with. */
const kinds = [
  ...(['app-state-sync-version', 'app-state-sync-key', 'sender-key-memory', 'sender-key', 'identity-key'] as const),
  ...(['lid-mapping', 'device-list', 'pre-key', 'session', 'tctoken'] as const),
]
type Kind = (typeof kinds)[number]

const bytes = z.instanceof(Uint8Array)
const keyPair = z.looseObject({ private: bytes, public: bytes })
/** What no login works without. */
const credentials = z.looseObject({
  noiseKey: keyPair,
  signedIdentityKey: keyPair,
  signedPreKey: z.looseObject({ keyPair, signature: bytes }),
  registrationId: z.number(),
  advSecretKey: z.string(),
  account: z.looseObject({}),
  me: z.looseObject({ id: z.string().regex(/^[1-9]\d{5,14}[:@]/), name: z.string().optional() }),
})

/** Throws `link-unreadable` with what is missing. */
export function readForeignLink(files: Readonly<Record<string, string>>, { BufferJSON }: Library): ForeignLink {
  const parse = (text: string): unknown => JSON.parse(text, (key, value: unknown) => byteList(value) ?? BufferJSON.reviver(key, value))
  const write = (value: unknown): Buffer => Buffer.from(JSON.stringify(value, BufferJSON.replacer))
  const entries = entriesOf(files, parse)
  const creds = credentials.safeParse(inner(entries.get('creds'), parse, true))
  if (!creds.success) {
    const field = creds.error.issues[0]?.path.join('.') ?? ''
    throw unreadable(
      !entries.has('creds')
        ? 'There are no credentials among them: creds.json is missing'
        : `The credentials are no finished link (${field})`,
    )
  }
  const rows = [...entries].flatMap(([name, value]) => {
    const key = keyOf(name)
    return key === null ? [] : [{ ...key, value: write(inner(value, parse, key.kind !== 'lid-mapping')) }]
  })
  const { me } = creds.data as unknown as { me: NonNullable<AuthenticationCreds['me']> } // what the schema has just seen
  return {
    rows: [{ kind: credsKind, id: credsId, value: write(creds.data) }, ...rows],
    phoneNumber: me.id.split(/[:@]/)[0] ?? '',
    name: me.name ?? null,
    ignored: entries.size - 1 - rows.length,
  }
}

/** Values by the name that the library gives them, from whichever form. */
function entriesOf(files: Readonly<Record<string, string>>, parse: (text: string) => unknown): Map<string, unknown> {
  const names = Object.keys(files)
  const folders = [...new Set(names.filter((name) => fileName(name) === 'creds.json').map(folder))]
  if (folders.length > 1) throw unreadable(`There are several links among them, of which one can be taken at a time: ${folders.join(', ')}`)
  if (names.some((name) => /(^|\/)(gows\.db|Local State|IndexedDB\/.*)$/.test(name)) && folders.length === 0)
    throw unreadable('This is a link of another library (WEBJS or GOWS), whose keys cannot be carried over; link the phone again')
  const [only] = names
  if (only !== undefined && names.length === 1 && folders.length === 0) return tableOf(parsed(only, files[only] ?? '', parse))
  return new Map(
    names
      .filter((name) => folder(name) === folders[0] && name.endsWith('.json'))
      .map((name) => [keyName(fileName(name)), parsed(name, files[name] ?? '', parse)] as const),
  )
}

function tableOf(value: unknown): Map<string, unknown> {
  const rows = z.array(z.looseObject({ key: z.string(), value: z.unknown(), session_id: z.string().optional() })).safeParse(value)
  if (rows.success) {
    const sessions = new Set(rows.data.map((row) => row.session_id))
    if (sessions.size > 1) throw unreadable(`There are ${sessions.size} links in the table, of which one can be taken at a time`)
    return new Map(rows.data.map((row) => [row.key, row.value] as const))
  }
  const object = z.record(z.string(), z.unknown()).safeParse(value)
  if (!object.success) throw unreadable('The document is neither an object by key nor rows of key and value')
  return new Map(Object.entries(object.data))
}

function parsed(name: string, text: string, parse: (text: string) => unknown): unknown {
  try {
    return parse(text)
  } catch {
    throw unreadable(`${fileName(name)} is no JSON; was it copied while the other program wrote it?`)
  }
}

/** Out of text in text. A value that is itself text (`isObject` false) is one that does not begin as JSON text does. */
function inner(value: unknown, parse: (text: string) => unknown, isObject: boolean): unknown {
  if (typeof value !== 'string' || !(isObject || value.startsWith('"'))) return value
  return inner(parsed('A value', value, parse), parse, isObject)
}

function keyOf(name: string): { kind: Kind; id: string } | null {
  const kind = kinds.find((each) => name.startsWith(`${each}-`))
  return kind === undefined ? null : { kind, id: name.slice(kind.length + 1) }
}

/** The library's name of an entry from that of its file, in which a slash is written `__` and a colon `-`. */
function keyName(file: string): string {
  const name = file.slice(0, -'.json'.length)
  // Only these have such signs in them: ids of app state keys are base64, those of sender keys end with `::user::device`.
  if (name.startsWith('app-state-sync-key-')) return name.replaceAll('__', '/')
  if (name.startsWith('sender-key-') && !name.startsWith('sender-key-memory-')) return name.replace(/--([^-]+)--(\d+)$/, '::$1::$2')
  return name
}

/** As a Buffer becomes without the library's help: `{type: 'Buffer', data: [1, 2, 3]}`. */
const bufferOfNumbers = z.strictObject({ type: z.literal('Buffer'), data: z.array(z.int().min(0).max(255)) })
function byteList(value: unknown): Buffer | null {
  if (typeof value !== 'object' || value === null || !('type' in value)) return null
  const read = bufferOfNumbers.safeParse(value)
  return read.success ? Buffer.from(read.data.data) : null
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function folder(path: string): string {
  return path.slice(0, path.length - fileName(path).length)
}

function unreadable(reason: string): Fault {
  return new BotFault('link-unreadable', `${reason}; nothing was changed`)
}
