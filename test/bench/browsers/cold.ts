/** What the program adds to the start of a browser, in turns with a bare launch; and how soon one that waits is handed out. */
import { launch, type Browser } from 'puppeteer-core'
import WebSocket from 'ws'
import { chromiumPath } from '../../fixtures/chromium.ts'
import { ms, p50, p95, timed } from '../statistics.ts'
import { listed, settings, spareWaits, type Room } from './room.ts'

const rounds = 12
const warmUps = 2

/** Who goes first changes: what the one leaves to the machine must not always fall on the other. */
async function inTurns(turns: readonly ((round: number) => Promise<void>)[]): Promise<void> {
  for (let round = -warmUps; round < rounds; round += 1) for (const turn of round % 2 === 0 ? turns : turns.toReversed()) await turn(round)
}

export const bareLaunch = (): Promise<Browser> =>
  launch({ executablePath: chromiumPath, pipe: true, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] })

export async function toFirstPage({ address, open, closeAll }: Room): Promise<void> {
  const bare: number[] = []
  const ours: number[] = []
  await inTurns([
    async (round) => {
      let browser: Browser | undefined
      const took = await timed(async () => {
        browser = await bareLaunch()
        const [first] = await browser.pages()
        await first?.goto(address)
      })
      // Closing is no part of the time, but ends before the other's turn.
      await browser?.close()
      if (round >= 0) bare.push(took)
    },
    async (round) => {
      const took = await timed(() => open(`bench-${round}`))
      await closeAll()
      if (round >= 0) ours.push(took)
    },
  ])
  compare('cold create to the first page', bare, ours, '1.10')
}

/** Until the browser has answered a command: puppeteer's own over the pipe, a program's through the address it connects to. */
export async function toFirstCommand({ server: { call }, closeAll }: Room): Promise<void> {
  const bare: number[] = []
  const ours: number[] = []
  await inTurns([
    async (round) => {
      let browser: Browser | undefined
      const took = await timed(async () => {
        browser = await bareLaunch()
        await browser.version()
      })
      await browser?.close()
      if (round >= 0) bare.push(took)
    },
    async (round) => {
      let socket: WebSocket | undefined
      const took = await timed(async () => {
        const wanted = { profile: 'bench', username: `ready-${round}`, password: 'bench' }
        const opened = await call('/browsers/v1/browser-sessions', { method: 'POST', json: wanted })
        const { session } = (await opened.json()) as { session: { id: string } }
        const answer = await call(`/browsers/v1/browser-sessions/${session.id}/connect`, { method: 'POST', json: {} })
        const { connectUrl } = (await answer.json()) as { connectUrl: string }
        socket = await firstAnswer(connectUrl)
      })
      socket?.terminate()
      await closeAll()
      if (round >= 0) ours.push(took)
    },
  ])
  compare('cold create to the first command answered', bare, ours, '1.05')
}

function firstAnswer(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url)
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('open', () => socket.send(JSON.stringify({ id: 1, method: 'Browser.getVersion' })))
    socket.once('message', () => resolve(socket))
  })
}

function compare(what: string, bare: readonly number[], ours: readonly number[], goal: string): void {
  const each = (times: readonly number[]): string => `p50 ${ms(p50(times))} p95 ${ms(p95(times))}`
  console.log(
    `${what}, n=${rounds}: puppeteer ${each(bare)}; session ${each(ours)}; ratio ${(p50(ours) / p50(bare)).toFixed(3)} (goal ${goal})`,
  )
}

/** From the browser that was started ahead, in turns with a cold one; the wait for it is no part of the time. With what happens when. */
export async function fromTheSpare({ server: { call }, open, closeAll }: Room): Promise<void> {
  const cold: number[] = []
  const spare: number[] = []
  const reached = new Map<string, number[]>()
  await inTurns([
    async (round) => {
      await settings(call, { warmSpare: false })
      const took = await timed(() => open(`cold-${round}`))
      await closeAll()
      if (round >= 0) cold.push(took)
    },
    async (round) => {
      await settings(call, { warmSpare: true })
      // A spare is started behind a session.
      await open('before')
      await closeAll()
      await spareWaits(call)
      const begun = performance.timeOrigin + performance.now()
      const took = await timed(() => open(`spare-${round}`))
      if (round >= 0) {
        spare.push(took)
        for (const [what, at] of await milestones(call)) reached.set(what, [...(reached.get(what) ?? []), at - begun])
      }
      await closeAll()
    },
  ])
  const path = [...reached].map(([what, times]) => `${what} ${ms(p50(times))}`).join(', ')
  console.log(
    `create from the spare with first page, n=${rounds}: p50 ${ms(p50(spare))} p95 ${ms(p95(spare))} (goal 60 ms); ${(p50(spare) / p50(cold)).toFixed(3)} of cold ${ms(p50(cold))} (goal 0.15)`,
  )
  console.log(`  on the way, from the call: ${path}, answered ${ms(p50(spare))}`)
}

async function milestones(call: Room['server']['call']): Promise<[string, number][]> {
  const { sessions } = await listed(call)
  const answer = await call(`/browsers/v1/browser-sessions/${sessions[0]?.id ?? ''}`)
  const { events } = (await answer.json()) as { events: { kind: string; at: string }[] }
  const words: Readonly<Record<string, string>> = {
    'session-opened': 'session made',
    'sign-in': 'page usable',
    navigated: 'page came',
    'session-ready': 'ready',
  }
  return events.flatMap(({ kind, at }) => (words[kind] === undefined ? [] : [[words[kind], Date.parse(at)] as [string, number]]))
}
