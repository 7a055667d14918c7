/** The official suites through the gateway, with our own stdio server behind it and no list of expected failures. */
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { runConformance } from '../../fakes/conformance-suite.ts'
import { serveRelay, type ServedRelay } from '../../fakes/served-relay.ts'
import { eventually } from '../../fixtures/eventually.ts'

const fixture = join(import.meta.dirname, '..', '..', 'fixtures', 'mcp', 'conformance-server.ts')

async function relayWithFixture(lean: boolean): Promise<ServedRelay> {
  const relay = await serveRelay({ settings: { relay: { streamHold: 1 } }, given: { lean } })
  onTestFinished(() => relay.stop())
  relay.room.upstreamAdmin.create({ name: 'fixture', transport: 'stdio', command: process.execPath, args: [fixture] }, 'owner')
  await eventually('the fixture is ready', () => relay.room.upstreamAdmin.list().some(({ state }) => state === 'ready'))
  return relay
}

describe.each(['2025-11-25', '2026-07-28'] as const)('revision %s', (revision) => {
  const expected = revision === '2025-11-25' ? 30 : 37

  test('every required scenario passes, and alike with the short way of plain calls on and off', async () => {
    const results = await Promise.all(
      [true, false].map(async (lean) => {
        const { sessionUrl } = await (await relayWithFixture(lean)).session()
        const { required, output } = await runConformance(sessionUrl, revision)
        expect(
          Object.entries(required).filter(([, { failed }]) => failed > 0),
          output.slice(-4_000),
        ).toEqual([])
        expect(Object.keys(required)).toHaveLength(expected)
        return required
      }),
    )
    expect(results[0]).toEqual(results[1])
  })
})
