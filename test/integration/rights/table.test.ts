/**
 * Every route and every socket of all APIs, asked with every kind of key through the real guards: who is let through is what the table
 * says, told here once more in other words than the guards'. Handlers are replaced by one that says it was reached.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { iso } from '../../../server/clock.ts'
import { createAuthority } from '../../../server/control/authority.ts'
import type { KeyScope } from '../../../server/control/contract/index.ts'
import { contracts as allContracts } from '../../../server/contracts.ts'
import { createKeys } from '../../../server/control/keys.ts'
import { Fault } from '../../../server/fault.ts'
import type { Api } from '../../../server/http/api.ts'
import { apiNames, fillPath, roomNames, type ApiName, type Contract, type Guarded, type Method } from '../../../server/http/contract.ts'
import { longestControl, type Only, type Right } from '../../../server/http/rights.ts'
import { openDatabase } from '../../../server/store/database.ts'
import { migrate } from '../../../server/store/migrate.ts'
import { fakeExposure } from '../../fakes/exposure.ts'
import { recordedEvents, testClock, testLog } from '../../fakes/kernel.ts'
import { serveApi, type ServedApi } from '../../fakes/served-api.ts'

// Each table has literal types of its own; here they are all alike.
const contracts = Object.values(allContracts) as unknown as Contract[]

interface Kind {
  name: string
  /** Null for the owner and for nobody. */
  key: { rights: Right[]; only?: Only } | { scopes: KeyScope[] } | null
}

const kinds: Kind[] = [
  { name: 'no key', key: null },
  { name: 'the owner', key: null },
  ...roomNames.flatMap((room): Kind[] => [
    { name: `${room}:use`, key: { rights: [`${room}:use`] } },
    { name: `${room}:manage`, key: { rights: [`${room}:manage`] } },
  ]),
  ...(['activity:use', 'control:use', 'control:manage'] as const).map((right): Kind => ({ name: right, key: { rights: [right] } })),
  { name: 'bots:use of one bot', key: { rights: ['bots:use'], only: { bots: ['gate'] } } },
  { name: 'bots:manage of another bot', key: { rights: ['bots:manage'], only: { bots: ['yard'] } } },
  { name: 'brokers:use of one session', key: { rights: ['brokers:use'], only: { brokers: ['gate'] } } },
  { name: 'brokers:manage of one session', key: { rights: ['brokers:manage'], only: { brokers: ['gate'] } } },
  { name: 'brokers:manage of another session', key: { rights: ['brokers:manage'], only: { brokers: ['yard'] } } },
  { name: 'brokers:use of one session beside bots:use of all', key: { rights: ['brokers:use', 'bots:use'], only: { brokers: ['gate'] } } },
  ...apiNames.flatMap((room) =>
    (['read', 'write'] as const).map((verb): Kind => ({ name: `older ${room} ${verb}`, key: { scopes: [{ room, verb }] } })),
  ),
  { name: 'older bots read of one bot', key: { scopes: [{ room: 'bots', verb: 'read', subject: 'gate' }] } },
]

interface Place extends Pick<Contract, 'subject'> {
  api: ApiName
  name: string
  access: Guarded['access']
  right: string
  /** A socket has none. */
  method: Method | null
  reads: boolean
  path: string
  /** The bot or broker session that the path names, as it is filled in here. */
  subject?: { params: readonly string[]; missing: string }
}

const placesOf = ({ api, routes, sockets = {}, subject }: Contract): Place[] => [
  ...Object.entries(routes).map(([name, { access, right, method, path, verb }]) => ({
    api,
    name,
    access,
    right,
    method,
    path,
    reads: (verb ?? (method === 'GET' ? 'read' : 'write')) === 'read',
    ...(subject === undefined ? {} : { subject }),
  })),
  ...Object.entries(sockets).map(([name, { access, right, path, verb }]) => ({
    api,
    name,
    access,
    right,
    method: null,
    path,
    reads: (verb ?? 'read') === 'read',
    ...(subject === undefined ? {} : { subject }),
  })),
]

/** What the words of each right promise. */
function holds({ key, name }: Kind, place: Place): boolean {
  if (name === 'the owner') return true
  if (key === null) return false
  if (place.right === 'any-key') return true
  const isAboutGate = place.subject?.params.some((param) => place.path.includes(`:${param}`)) === true
  if ('scopes' in key) {
    const beyond = place.right === 'control:manage'
    return key.scopes.some(
      ({ room, verb, subject }) =>
        room === place.api &&
        (verb === 'read') === place.reads &&
        (!beyond || (room === 'control' && verb === 'write')) &&
        (subject === undefined || isAboutGate),
    )
  }
  if (key.rights.includes('control:manage')) return true
  // A limit counts for its own room alone.
  const only: Readonly<Record<string, readonly string[] | undefined>> = key.only ?? {}
  const named = only[place.right.slice(0, place.right.indexOf(':'))]
  if (named !== undefined && !(isAboutGate && named.includes('gate'))) return false
  return key.rights.some((right) => right === place.right || (right.endsWith(':manage') && place.right === right.replace('manage', 'use')))
}

type Verdict = 'let through' | 'key-required' | 'key-not-allowed'

function expected(kind: Kind, place: Place, exposed: boolean): Verdict {
  if (place.access === 'public' || holds(kind, place)) return 'let through'
  // On this machine a caller has the use of a room without a key, and with one that opens something else.
  if (place.access === 'local' && place.right !== 'control:manage' && !exposed) return 'let through'
  return kind.key === null ? 'key-required' : 'key-not-allowed'
}

class TestFault extends Fault {}

/** The API with its own table and guards, and nothing behind them. */
function stub(contract: Contract): Api {
  const reached = (): never => {
    throw new TestFault('reached')
  }
  const bare: Contract = {
    ...contract,
    faults: { reached: { status: 418, remedy: 'None is needed.' } },
    errorSchema: z.unknown(),
    errorBody: ({ code }) => ({ code }),
  }
  return {
    contract: bare,
    handlers: Object.fromEntries(Object.keys(contract.routes).map((name) => [name, reached])),
    sockets: Object.fromEntries(Object.keys(contract.sockets ?? {}).map((name) => [name, (socket) => socket.close()])),
  }
}

const ownerToken = 'the-token-of-this-run'
const secrets = new Map<string, string | null>()
let served: Map<string, ServedApi>

beforeAll(async () => {
  const database = openDatabase(':memory:')
  migrate(database)
  const clock = testClock()
  const keys = createKeys({ database, clock, events: recordedEvents(), log: testLog() })
  for (const { name, key } of kinds)
    secrets.set(
      name,
      key === null
        ? name === 'the owner'
          ? ownerToken
          : null
        : keys.create({ name, ...key, expiresAt: iso(clock.now() + longestControl) }, 'owner').secret,
    )
  const authority = createAuthority({ ownerToken, keys, signIn: { whoIs: () => null } })
  served = new Map()
  for (const contract of contracts) {
    for (const exposed of [false, true])
      served.set(`${contract.api} ${exposed}`, await serveApi(stub(contract), { authority, exposure: fakeExposure({ exposed }) }))
  }
})

afterAll(async () => {
  for (const each of served.values()) await each.stop()
})

async function ask(place: Place, secret: string | null, exposed: boolean): Promise<Verdict> {
  const base = served.get(`${place.api} ${exposed}`)?.url ?? ''
  const params = Object.fromEntries([...place.path.matchAll(/:([A-Za-z_]\w*)/g)].map(([, name = '']) => [name, 'gate']))
  const url = base + fillPath(place.path, params)
  const headers: Record<string, string> = secret === null ? {} : { 'x-api-key': secret }
  const code =
    place.method === null
      ? await open(url.replace('http', 'ws'), headers)
      : String(((await (await fetch(url, { method: place.method, headers })).json()) as { code: string }).code) // what `stub` answers
  return code === 'key-required' || code === 'key-not-allowed' ? code : 'let through'
}

/** How the guards answer an upgrade. */
function open(url: string, headers: Record<string, string>): Promise<string> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, { headers })
    socket.once('open', () => resolve('open')).once('error', () => undefined)
    socket.once('unexpected-response', (_, response) => {
      let body = ''
      response.on('data', (chunk) => (body += String(chunk))).on('end', () => resolve((JSON.parse(body) as { code: string }).code))
    })
  })
}

describe.each(contracts.map((contract) => ({ api: contract.api, places: placesOf(contract) })))('$api', ({ places }) => {
  test.each(kinds)('$name opens what the table says, on this machine and from the network', async (kind) => {
    const secret = secrets.get(kind.name) ?? null
    for (const exposed of [false, true]) {
      const asked = await Promise.all(places.map(async (place) => [place.name, await ask(place, secret, exposed)] as const))
      expect(Object.fromEntries(asked), exposed ? 'from the network' : 'on this machine').toEqual(
        Object.fromEntries(places.map((place) => [place.name, expected(kind, place, exposed)])),
      )
    }
  })
})

test('all that is public is public by its contract, and the table knows no other word', () => {
  for (const place of contracts.flatMap(placesOf))
    expect(place.access === 'public', `${place.api} ${place.name}`).toBe(place.right === 'anyone')
})

test('a key that is not known opens nothing but what needs none', async () => {
  const [local, network] = [served.get('browsers false')?.url, served.get('browsers true')?.url]
  const status = async (url: string) => (await fetch(url, { headers: { 'x-api-key': 'whk_made_up' } })).status
  expect([
    await status(`${local}/sessions`),
    await status(`${network}/sessions`),
    await status(`${local}/v1/browser-sessions`),
    await status(`${network}/health`),
  ]).toEqual([418, 401, 401, 418])
})
