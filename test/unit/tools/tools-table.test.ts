/** What each of Wheelhouse's own tools takes, as the documentation tells it, and that a limited key reaches through them what it names. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { standingOfKey } from '../../../server/control/key-rights.ts'
import { live } from '../../../server/live.ts'
import { BotFault } from '../../../server/bots/fault.ts'
import type { BuiltInTool } from '../../../server/relay/built-in/server.ts'
import { ownerStanding, type Right, type Standing } from '../../../server/http/rights.ts'
import { builtInTools, type RoomsWithTools } from '../../../server/tools/built-in-tools.ts'

/**
 * Rooms in which one bot and one broker session of somebody else exist, and which note whatever else is asked of them; once they are over,
 * all that is.
 */
function rooms(asked: string[], areOver = (): boolean => false): RoomsWithTools {
  const noting = (at: string, known: Record<string, unknown> = {}): unknown =>
    new Proxy(known, {
      get(_, name) {
        if (areOver()) asked.push(`${at}.${String(name)} of a room that is over`)
        if (Object.hasOwn(known, name)) return known[String(name)]
        return (...given: unknown[]) => {
          asked.push(`${at}.${String(name)} ${JSON.stringify(given)}`)
          throw new Error('asked')
        }
      },
    })
  const bot = { row: { userId: 'gate', madeBy: 'key:other', settings: {}, since: 0 }, state: 'online' }
  const get = (userId: string) => {
    if (userId === 'gate') return bot
    throw new BotFault('bot-not-found', 'Session not found')
  }
  const service = noting('bots', { list: () => [bot], get })
  const handlers = noting('bots.api')
  const bots = { ...Object.fromEntries(['log', 'media', 'people', 'outbox', 'composer', 'messages'].map((part) => [part, noting(part)])) }
  const brokers = { list: () => [{ sessionName: 'yard' }], makersOf: () => ['key:other'] }
  const browsers = {
    list: () => [],
    sleepers: noting('sleepers', { list: () => [], find: () => undefined, settled: async () => undefined }),
  }
  return {
    browsers: noting('browsers', browsers),
    bots: { ...bots, service, api: { load: () => Promise.resolve({ handlers }) } },
    brokers: noting('brokers', brokers),
    logins: { sessions: noting('logins'), stateOf: noting('logins') },
  } as unknown as RoomsWithTools // What is not there notes that it was asked.
}

const tools = await builtInTools(rooms([]))()

test('what tools read and what they change stands in the documentation, each in its column', () => {
  const page = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'relay.md'), 'utf8')
  const rows = [...page.matchAll(/^\| (browsers|bots|brokers|logins) .*$/gm)].map(([row]) => row.split('|').slice(2, 4))
  const named = (column: 0 | 1) => rows.flatMap((cells) => cells[column]?.match(/`\w+`/g) ?? []).map((name) => name.slice(1, -1))
  const are = (readOnly: boolean) => tools.filter((tool) => tool.readOnly === readOnly).map(({ name }) => name)
  expect(named(0).toSorted()).toEqual(are(true).toSorted())
  expect(named(1).toSorted()).toEqual(are(false).toSorted())
  // A verb that changes something is none that reads.
  const changes = /_(open|wake|close|click|type|fill|press|drag|upload|evaluate|send|edit|delete|create|publish|take|settle|leave|revoke)/
  expect(are(true).filter((name) => changes.test(name))).toEqual([])
})

const standing = (rights: Right[], only = {}): Standing => standingOfKey('one', () => ({ id: 'one', rights, only, scopes: [], from: null }))

test('each tool takes the right of its room, and a key with all others does not hold it', () => {
  const rightOf: Record<string, Right> = { browser: 'browsers:use', broker: 'brokers:use', bot: 'bots:use', login: 'logins:manage' }
  const all = Object.values(rightOf)
  for (const { name, right } of tools) {
    const expected = rightOf[name.replace(/s?_.*/, '')]
    expect([name, right]).toEqual([name, expected])
    expect(standing(all.filter((each) => each !== expected)).may(right), name).toBe(false)
  }
  expect(standing(['logins:use']).may('logins:manage')).toBe(false)
})

const run = async (tool: BuiltInTool, input: Record<string, unknown>, by: Standing): Promise<string> => {
  try {
    const parts = { actor: 'relay:one', standing: by, signal: new AbortController().signal, has: () => true }
    return JSON.stringify(await tool.run(input, { ...parts, progress: async () => undefined }))
  } catch (error) {
    return (error as Error).message
  }
}
const named = tools.filter(({ input }) => 'userId' in input.shape || 'sessionName' in input.shape)
const others = named.filter(({ right }) => right !== 'logins:manage').map(({ name }) => name)

test.each(others)('%s reaches what a limited key names, and nothing else, there or not', async (name) => {
  const asked: string[] = []
  const tool = (await builtInTools(rooms(asked))()).find((each) => each.name === name)
  if (tool === undefined) throw new Error(name)
  const makes = name.endsWith('_create') && name !== 'bot_group_create'
  const limited = standing(['bots:use', 'brokers:use'], { bots: ['berth'], brokers: ['quay'] })
  const input = { userId: 'gate', sessionName: 'yard', handles: ['h'], topic: 't', messageId: '3EB0', chat: '15550100011' }
  for (const subject of ['gate', 'yard', 'nobody-s']) {
    const said = await run(tool, { ...input, userId: subject, sessionName: subject }, limited)
    expect(said).toMatch(makes ? /limited to/ : /not found|no such session/i)
  }
  expect(asked).toEqual([])
  // With use alone, what somebody else made is not there; with manage it is.
  if (makes) return
  expect(await run(tool, input, standing(['bots:use', 'brokers:use']))).toMatch(/not found|no such session/i)
  expect(asked).toEqual([])
  expect(await run(tool, input, standing(['bots:manage', 'brokers:manage']))).not.toMatch(/not found|no such session/i)
})

test('lists of a limited key have nothing but what it names', async () => {
  const limited = standing(['bots:use', 'brokers:use'], { bots: ['berth'], brokers: ['quay'] })
  for (const name of ['bots_list', 'brokers_list', 'browser_list'])
    expect([name, await run(tools.find((each) => each.name === name) as BuiltInTool, {}, limited)]).toEqual([
      name,
      JSON.stringify([{ type: 'text', text: '[]' }]),
    ])
})

test('a room that is made anew is the one its tools work with from then on', async () => {
  const [before, after]: [string[], string[]] = [[], []]
  let now = rooms(before, () => now !== first)
  const first = now
  const anew = await builtInTools({
    browsers: live(() => now.browsers),
    bots: live(() => now.bots),
    brokers: live(() => now.brokers),
    logins: live(() => now.logins),
  })()
  now = rooms(after)
  const input = { userId: 'gate', sessionName: 'yard', handles: ['h'], topic: 't', messageId: '3EB0', chat: '15550100011', id: 'one' }
  for (const tool of anew) await run(tool, input, ownerStanding)
  expect(before).toEqual([])
  expect(after.length).toBeGreaterThan(20)
})
