/** The smoke test: everything a person would meet at the first start, checked on a profile that is thrown away. */
import type { Connection, DesktopInfo } from '../preload/schema.ts'
import { inTime } from '../server/async/deadline.ts'

export interface SmokeParts {
  ready: Promise<Connection>
  loadWindow(): Promise<void>
  /** Runs a line in the page and gives back its value. */
  evaluate(code: string): Promise<unknown>
  info: DesktopInfo
  fetch: typeof fetch
  /** Ms. */
  within: number
}

export interface SmokeReport {
  version: string
  platform: string
  health: string
  apis: Record<string, string>
  /** Each true, or the test has failed. */
  database: boolean
  window: boolean
  bridge: boolean
}

/** Throws with words that say what failed. */
export function runSmokeTest(parts: SmokeParts): Promise<SmokeReport> {
  return inTime(parts.within, check(parts), () => new Error(`not done within ${parts.within} ms`))
}

async function check({ ready, loadWindow, evaluate, info, fetch }: SmokeParts): Promise<SmokeReport> {
  const { url, token } = await ready
  const ask = async (path: string) => {
    const response = await fetch(`${url}/control/v1/${path}`, { headers: { authorization: `Bearer ${token}` } })
    if (!response.ok) throw new Error(`${path} answered ${response.status}`)
    // Read as a record of unknown values; each field is checked where it is used.
    return (await response.json()) as Record<string, unknown>
  }
  const { status } = await ask('health')
  if (status !== 'ok') throw new Error('the server does not say that it is well')
  const { apis } = await ask('apis')
  const { events } = await ask('audit?limit=1')
  if (!Array.isArray(events)) throw new Error('the database gives back no audit trail')
  await loadWindow()
  const bridge = await evaluate('typeof window.wheelhouse?.getConnection')
  if (bridge !== 'function') throw new Error('the window has no bridge to the desktop')
  if ((await evaluate(pageDrawn)) !== true) throw new Error('the window stays empty')
  const { version, platform } = info
  return { version, platform, health: status, apis: statesOf(apis), database: true, window: true, bridge: true }
}

/** Resolves once the page has drawn something. Not by animation frames, which a hidden window does not get. */
const pageDrawn = `new Promise((resolve) => {
  const check = () => (document.querySelector('#app')?.childElementCount ? resolve(true) : setTimeout(check, 50))
  check()
})`

function statesOf(apis: unknown): Record<string, string> {
  if (!Array.isArray(apis)) throw new Error('the server names no APIs')
  return Object.fromEntries(
    apis.map((api: unknown) =>
      typeof api === 'object' && api !== null && 'name' in api && 'state' in api
        ? [String(api.name), String(api.state)]
        : ['unknown', 'unknown'],
    ),
  )
}
