/** What a program pays for driving a kept browser instead of one of its own: round trip and a large answer, in turns. */
import { connect, launch, type CDPSession } from 'puppeteer-core'
import { chromiumPath } from '../../fixtures/chromium.ts'
import { ms, p50, p95, timed } from '../statistics.ts'
import { listed, type Room } from './room.ts'

const roundTrips = 2_000
const payloads = 30
const warmUps = 0.1

export async function throughTheBridge({ server: { call }, address, open, closeAll }: Room): Promise<void> {
  await open('bridge')
  const direct = await launch({ executablePath: chromiumPath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] })
  const { sessions } = await listed(call)
  const answer = await call(`/browsers/v1/browser-sessions/${sessions[0]?.id ?? ''}/connect`, { method: 'POST', json: {} })
  const { connectUrl } = (await answer.json()) as { connectUrl: string }
  const kept = await connect({ browserWSEndpoint: connectUrl, defaultViewport: null })
  try {
    const [directPage, keptPage] = [(await direct.pages())[0], (await kept.pages())[0]]
    if (directPage === undefined || keptPage === undefined) throw new Error('there is no page')
    await directPage.goto(address)
    const [one, other] = [await directPage.createCDPSession(), await keptPage.createCDPSession()]
    const trips = await inTurns(roundTrips, one, other, '1 + 1')
    const difference = p50(trips.bridge) - p50(trips.direct)
    console.log(
      `CDP round trip, n=${roundTrips}: direct over a port p50 ${ms(p50(trips.direct))} p95 ${ms(p95(trips.direct))}; bridge p50 ${ms(p50(trips.bridge))} p95 ${ms(p95(trips.bridge))}; ${difference.toFixed(3)} ms more (goal 0.3)`,
    )
    const large = await inTurns(payloads, one, other, '"x".repeat(8_388_608)')
    console.log(
      `CDP answer of 8 MB, n=${payloads}: direct over a port p50 ${ms(p50(large.direct))}; bridge p50 ${ms(p50(large.bridge))}; ratio ${(p50(large.bridge) / p50(large.direct)).toFixed(3)} (goal 1.15)`,
    )
  } finally {
    await kept.disconnect()
    await direct.close()
    await closeAll()
  }
}

async function inTurns(
  count: number,
  one: CDPSession,
  other: CDPSession,
  expression: string,
): Promise<Record<'direct' | 'bridge', number[]>> {
  const times = { direct: [] as number[], bridge: [] as number[] }
  const turns = [
    { session: one, into: times.direct },
    { session: other, into: times.bridge },
  ]
  for (let round = -Math.ceil(count * warmUps); round < count; round += 1)
    for (const { session, into } of round % 2 === 0 ? turns : turns.toReversed()) {
      const took = await timed(() => session.send('Runtime.evaluate', { expression, returnByValue: true }))
      if (round >= 0) into.push(took)
    }
  return times
}
