/** A run over the double is recorded, and played to a client of the library without the double: now, and by every version that comes. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { logIn, memoryAuth } from '../../fakes/whatsapp/contact.ts'
import { Replay } from '../../fakes/whatsapp/replay.ts'
import { parseTrace } from '../../fakes/whatsapp/trace.ts'
import { bobNumber, recordRun, run, type RecordedRun } from '../../fixtures/whatsapp-traces/make.ts'

const kept = join(import.meta.dirname, '..', '..', 'fixtures', 'whatsapp-traces')
let recorded: RecordedRun

beforeAll(async () => {
  recorded = await recordRun()
})

test.each(['just now', ...readdirSync(kept).filter((name) => name.endsWith('.jsonl'))])(
  'the library hears and does what it did in the run recorded %s, and asks nothing else',
  async (name) => {
    const trace = parseTrace(name === 'just now' ? recorded.recorder.text() : readFileSync(join(kept, name), 'utf8'))
    const replay = await Replay.start(trace)
    const bob = await logIn(replay, bobNumber, memoryAuth(trace.head.auth ?? ''))
    expect(await run(bob)).toEqual(recorded.heard)
    await replay.finished()
    await expect.poll(() => replay.missing()).toEqual([])
    expect(replay.unexpected).toEqual([])
    expect(replay.errors).toEqual([])
    await bob.stop()
    await replay.stop()
  },
)

test('a client that leaves something out is told what the server waited for', async () => {
  const waiting = await Replay.start(parseTrace(recorded.recorder.text()))
  await expect(waiting.finished(1)).rejects.toThrow('the client never said: iq xmlns=encrypt type=get')
  await waiting.stop()
})

test('a trace keeps order and time, and a redacted one holds no keys and nothing sealed', () => {
  const { lines } = parseTrace(recorded.recorder.text())
  expect(lines.map(({ from, node }) => [from, node.tag])).toContainEqual(['server', 'success'])
  expect(lines.every(({ at }, index) => at >= (lines[index - 1]?.at ?? 0))).toBe(true)
  expect(recorded.recorder.text()).toBe(recorded.recorder.text())
  const redacted = recorded.recorder.text({ redacted: true })
  expect(redacted).not.toContain('base64')
  expect(JSON.parse(redacted.split('\n')[0] ?? '')).toMatchObject({ auth: null })
  expect(() => parseTrace(redacted)).toThrow('cannot be replayed')
})
