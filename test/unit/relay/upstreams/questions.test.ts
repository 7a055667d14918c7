/** Whom a server means that asks over a connection which several clients share. */
import { expect, test } from 'vitest'
import { AskingTools } from '../../../../server/relay/upstreams/asking-tools.ts'
import { canAnswer, type Caller } from '../../../../server/relay/upstreams/callers.ts'
import { Questions } from '../../../../server/relay/upstreams/questions.ts'

const never = new AbortController().signal
const elicit = { method: 'elicitation/create', params: { message: 'Which city?' } }
const call = (name: string) => ({ method: 'tools/call', params: { name } })

function client(name: string, capabilities: Caller['capabilities'] = { elicitation: {}, roots: {} }, account = 'ann'): Caller {
  return {
    ...{ client: name, session: name, account, capabilities },
    ask: async ({ method }) => (method === 'roots/list' ? { roots: [{ uri: `file:///${name}` }] } : { by: name }),
    notify: () => undefined,
    onTools: () => undefined,
  }
}

function shared(related = false, rooted: Caller[] = []) {
  const tools = new AskingTools()
  const notes: string[] = []
  const questions = new Questions({ tools, related, only: () => undefined, rooted: () => rooted, note: (text) => void notes.push(text) })
  /** A request under way until it is let go. */
  const run = (caller: Caller | undefined, tool: string, during?: () => Promise<unknown>) => {
    const gate = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const outcome: { during?: unknown } = {}
    const done = questions.run(call(tool), caller === undefined ? {} : { caller }, async () => {
      begun.resolve()
      outcome.during = await during?.().catch((error: Error) => error.message)
      await gate.promise
    })
    return { begun: begun.promise, letGo: () => (gate.resolve(), done), outcome, done }
  }
  return { questions, tools, notes, run }
}

test('one client’s requests alone make a question theirs, however many they are', async () => {
  const { questions, run } = shared()
  const ann = client('ann')
  const calls = [run(ann, 'a'), run(ann, 'b')]
  expect(await questions.answer(elicit, never)).toEqual({ by: 'ann' })
  await Promise.all(calls.map((each) => each.letGo()))
  await expect(questions.answer(elicit, never)).rejects.toThrow('no request is under way')
})

test('a question on the stream of a request is that request’s, whatever else runs', async () => {
  const { questions, run } = shared(true)
  const [ann, ben] = [client('ann'), client('ben')]
  const other = run(ben, 'b')
  const own = run(ann, 'a', () => questions.answer(elicit, never))
  await own.letGo()
  expect(own.outcome.during).toEqual({ by: 'ann' })
  await other.letGo()
})

test('a tool that may have asked runs alone the next time, and not the time after when it asked nothing', async () => {
  const { questions, tools, run, notes } = shared()
  const [ann, ben] = [client('ann'), client('ben')]
  const both = [run(ann, 'a'), run(ben, 'b')]
  await expect(questions.answer(elicit, never)).rejects.toThrow('several clients')
  expect(notes).toHaveLength(1)
  await Promise.all(both.map((each) => each.letGo()))
  expect([tools.mayAsk('a'), tools.mayAsk('b')]).toEqual([true, true])

  const first = run(ben, 'x')
  const alone = run(ann, 'a')
  let begun = false
  void alone.begun.then(() => (begun = true))
  // What runs may need more of its own client to come to its end; others wait.
  const more = run(ben, 'y')
  await more.begun
  expect(begun).toBe(false)
  await Promise.all([more.letGo(), first.letGo()])
  await alone.begun
  const behind = run(ben, 'z')
  expect(await questions.answer(elicit, never)).toEqual({ by: 'ann' })
  await alone.letGo()
  await behind.begun
  await behind.letGo()
  await run(ben, 'b').letGo()
  expect([tools.mayAsk('a'), tools.mayAsk('b')]).toEqual([true, false])
})

test('roots between requests are those of all clients of one account, and none where there are several accounts', async () => {
  const list = { method: 'roots/list' }
  const one = shared(false, [client('a'), client('b')])
  expect(await one.questions.answer(list, never)).toEqual({ roots: [{ uri: 'file:///a' }, { uri: 'file:///b' }] })
  const several = shared(false, [client('a'), client('b', { roots: {} }, 'ben')])
  expect(await several.questions.answer(list, never)).toEqual({ roots: [] })
  const plain = several.run(client('c', {}), 'tool')
  expect(await several.questions.answer(list, never)).toEqual({ roots: [] })
  await expect(several.questions.answer(elicit, never)).rejects.toThrow('cannot be asked')
  await plain.letGo()
})

test('a client is asked only in the way it takes', () => {
  const byAddress = { ...elicit, params: { mode: 'url' } }
  expect([canAnswer({ elicitation: {} }, elicit), canAnswer({ elicitation: {} }, byAddress)]).toEqual([true, false])
  expect([canAnswer({ elicitation: { url: {} } }, elicit), canAnswer({ elicitation: { url: {} } }, byAddress)]).toEqual([false, true])
  expect([canAnswer({ sampling: {} }, { method: 'sampling/createMessage' }), canAnswer({ sampling: {} }, elicit)]).toEqual([true, false])
})

test('tools that are not shown to all are shown to whom their words name', () => {
  const tools = new AskingTools()
  const named = (name: string) => ({ name })
  const full = ['echo', 'get-roots-list', 'trigger-url-elicitation', 'trigger-elicitation', 'trigger-sampling', 'research'].map(named)
  tools.learn([named('echo')], full)
  const shown = (capabilities: Caller['capabilities']) =>
    full.filter(({ name }) => tools.isShownTo(name, capabilities)).map(({ name }) => name)
  expect(shown({})).toEqual(['echo'])
  expect(shown({ roots: {} })).toEqual(['echo', 'get-roots-list', 'research'])
  expect(shown({ elicitation: {} })).toEqual(['echo', 'trigger-elicitation', 'research'])
  expect(shown({ sampling: {}, elicitation: { url: {} }, roots: {} })).toHaveLength(full.length)
})
