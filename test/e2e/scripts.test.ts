/** The commands of package.json as a person types them, on a machine without a display. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

/** A file of the repository, or a script by its name. */
const script = (name: string) => fileURLToPath(new URL(name.includes('.') ? `../../${name}` : `../../scripts/${name}.mjs`, import.meta.url))
const anyPort = ['control', 'brokers', 'browsers', 'bots', 'logins', 'relay'].flatMap((api) => [`--${api}-port`, '0'])

let dataDir: string
const started: Command[] = []

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'wheelhouse-commands-'))
})
afterEach(async () => {
  for (const command of started.splice(0)) await command.kill()
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 })
})

/** A running script, with what it has said so far. */
class Command {
  readonly stdout: string[] = []
  readonly stderr: string[] = []
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown[]>
  #heard = () => {}

  constructor(name: string, args: readonly string[], variables: NodeJS.ProcessEnv = {}) {
    const { DISPLAY: _display, WAYLAND_DISPLAY: _wayland, ...env } = process.env
    this.#child = spawn(process.execPath, [script(name), ...args], { env: { ...env, ...variables }, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#ended = once(this.#child, 'close')
    for (const [stream, lines] of [
      [this.#child.stdout, this.stdout],
      [this.#child.stderr, this.stderr],
    ] as const) {
      if (stream === null) throw new Error('asked for pipes')
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line)
        this.#heard()
      })
    }
    started.push(this)
  }

  /** The first line, said already or later, that `find` gives something for. */
  async line<Found>(lines: readonly string[], find: (line: string) => Found | undefined): Promise<Found> {
    for (;;) {
      for (const line of lines) {
        const found = find(line)
        if (found !== undefined) return found
      }
      const more = new Promise<'more'>((resolve) => (this.#heard = () => resolve('more')))
      if ((await Promise.race([more, this.#ended])) !== 'more') throw new Error(`ended without saying it:\n${this.stderr.join('\n')}`)
    }
  }

  async exitCode(): Promise<unknown> {
    const [code] = await this.#ended
    return code
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGTERM')
    await this.#ended
  }
}

interface Ready {
  pid: number
  control: { url: string; token?: string }
  apis: { bots: { url: string } }
}

function readyLine(line: string): Ready | undefined {
  const mark = 'wheelhouse ready '
  // The server's own line; what it holds is what this test is about to look at.
  return line.startsWith(mark) ? (JSON.parse(line.slice(mark.length)) as Ready) : undefined
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('npm start without a display', () => {
  it('says why in one line, serves all the same, and prints a link that signs one browser in, once', async () => {
    const start = new Command('start', ['--data-dir', dataDir, ...anyPort])
    const { pid, control } = await start.line(start.stdout, readyLine)
    const link = await start.line(start.stderr, (line) => /^\s+(http:\S+)$/.exec(line)?.[1])
    expect(start.stderr.filter((line) => line.includes('no display'))).toEqual([
      'There is no display here, so the control room opens in a browser.',
    ])
    expect(link.startsWith(control.url)).toBe(true)

    const page = await fetch(link)
    expect(page.status).toBe(200)
    expect(await page.text()).toContain('<div id="app"')

    const code = new URLSearchParams(new URL(link).hash.slice(1)).get('sign-in')
    const signIn = () =>
      fetch(`${control.url}/control/v1/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ code }),
      })
    expect((await signIn()).status).toBe(200)
    expect((await signIn()).status).toBe(401)

    start.signal('SIGTERM')
    expect(await start.exitCode()).toBe(0)
    expect(isAlive(pid)).toBe(false)
  })
})

describe('npm run portal', () => {
  it('gives the first call of the README something to sign in to, and takes it away again', async () => {
    const serve = new Command('serve', ['--data-dir', dataDir, ...anyPort])
    const { control } = await serve.line(serve.stdout, readyLine)
    const settings = async () => {
      const {
        control: { token },
      } = JSON.parse(readFileSync(join(dataDir, 'runtime.json'), 'utf8'))
      const response = await fetch(`${control.url}/control/v1/settings`, { headers: { authorization: `Bearer ${token}` } })
      return (await response.json()).settings.browsers
    }
    const before = await settings()

    const portal = new Command('portal', ['--port', '0', '--connect', '--data-dir', dataDir])
    await portal.line(portal.stdout, (line) => (line.includes('Ctrl+C') ? true : undefined))
    const printed = portal.stdout.join('\n')
    const address = /(http:\S+)\/get_session/.exec(printed)?.[1] ?? ''
    const body = /-d '([^']+)'/.exec(printed)?.[1] ?? ''
    const opened = await fetch(`${address}/get_session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    expect(await opened.json()).toMatchObject({ success: true, is_new: true, username: 'user1' })
    expect(await (await fetch(`${address}/sessions`)).json()).toMatchObject({ active_sessions: 1 })

    expect(await settings()).toMatchObject({ defaultProfile: 'harbor-gate' })
    portal.signal('SIGINT')
    expect(await portal.exitCode()).toBe(0)
    expect(await settings()).toEqual(before)
  })
})

describe('npm run serve', () => {
  it('leaves stdout to the one line that scripts read, without the token', async () => {
    const serve = new Command('serve', ['--data-dir', dataDir, ...anyPort])
    const { pid, control } = await serve.line(serve.stdout, readyLine)
    expect(control.token).toBeUndefined()
    expect((await fetch(`${control.url}/control/v1/health`)).status).toBe(200)
    serve.signal('SIGINT')
    expect(await serve.exitCode()).toBe(0)
    expect(serve.stdout).toHaveLength(1)
    expect(isAlive(pid)).toBe(false)
  })

  it('refuses a flag that is not accepted with one line and exit code 2', async () => {
    const serve = new Command('serve', ['--data-dir', dataDir, '--control-port', 'seven'])
    expect(await serve.exitCode()).toBe(2)
    expect(serve.stdout).toEqual([])
    expect(serve.stderr).toHaveLength(1)
    expect(serve.stderr[0]).toContain('--control-port')
  })
})

describe('node multi.js', () => {
  it('serves the bots API alone, as its guide deploys it: PORT, DATABASE_URL and API_KEY from the environment', async () => {
    const key = 'a-key-of-thirty-two-characters-1'
    const database = join(dataDir, 'bots.sqlite')
    const multi = new Command('multi.js', ['--data-dir', dataDir, '--control-port', '0'], {
      PORT: '0',
      DATABASE_URL: `sqlite:${database}`,
      API_KEY: key,
    })
    const { apis } = await multi.line(multi.stdout, readyLine)
    const create = (headers: Record<string, string>) =>
      fetch(`${apis.bots.url}/api/sessions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ userId: 'a b', phoneNumber: '15550100142' }),
      })
    expect(await (await fetch(`${apis.bots.url}/api/sessions`)).json()).toEqual({ success: true, count: 0, sessions: [] })
    expect((await create({})).status).toBe(401)
    expect((await create({ 'x-api-key': key })).status).toBe(400)
    expect(existsSync(database)).toBe(true)
  })

  it('refuses a database it cannot use with one line', async () => {
    const multi = new Command('multi.js', ['--data-dir', dataDir, '--control-port', '0'], {
      PORT: '0',
      DATABASE_URL: 'postgres://127.0.0.1/bots',
    })
    expect(await multi.exitCode()).toBe(2)
    expect(multi.stderr.filter((line) => line.includes('DATABASE_URL'))).toHaveLength(1)
  })
})
