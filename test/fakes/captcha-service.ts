/**
 * A double of a 2captcha-compatible service: `in.php` takes a captcha, `res.php` hands out the answer. It solves nothing; it issues
 * answers, and the portal accepts those and no others.
 */
import { randomInt } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { listenOnLoopback, stopServer } from '../fixtures/loopback.ts'

export interface CaptchaServiceOptions {
  /** The only key that is accepted. */
  apiKey?: string
  /** How often `res.php` says that the answer is not ready yet. */
  notReady?: number
}

/** What the service does with the next captchas; settable at any time. */
export type CaptchaMood = 'solve' | 'unsolvable' | 'no-balance' | 'never-ready' | 'hang' | 'broken'

export interface CaptchaRequest {
  method: string
  path: string
  fields: Readonly<Record<string, string>>
}

export interface CaptchaService {
  address: string
  apiKey: string
  mood: CaptchaMood
  notReady: number
  /** Every request in the order in which it came, body fields and query fields together. */
  requests: CaptchaRequest[]
  /** Makes an answer as if a captcha had been solved. */
  issue(kind: 'recaptcha-v2' | 'image'): string
  /** True once for each issued answer: an answer is spent by being used. */
  spend(answer: string): boolean
  stop(): Promise<void>
}

export async function startCaptchaService(options: CaptchaServiceOptions = {}): Promise<CaptchaService> {
  const tasks = new Map<string, { kind: 'recaptcha-v2' | 'image'; asked: number }>()
  const issued = new Set<string>()
  const service: CaptchaService = {
    address: '',
    apiKey: options.apiKey ?? 'demo-captcha-key',
    mood: 'solve',
    notReady: options.notReady ?? 0,
    requests: [],
    issue(kind) {
      const answer = kind === 'image' ? invent(5) : `03A${invent(60)}`
      issued.add(answer)
      return answer
    },
    spend: (answer) => issued.delete(answer),
    stop: () => stopServer(server),
  }

  const server = createServer((request, response) => {
    void answer(request)
      .then((text) => {
        // A hanging service keeps the connection open and says nothing.
        if (text !== null) response.writeHead(service.mood === 'broken' ? 502 : 200, { 'content-type': 'text/plain' }).end(text)
      })
      .catch(() => response.destroy())
  })
  service.address = await listenOnLoopback(server)
  return service

  async function answer(request: IncomingMessage): Promise<string | null> {
    const url = new URL(request.url ?? '/', 'http://loopback')
    const fields = { ...Object.fromEntries(url.searchParams), ...Object.fromEntries(new URLSearchParams(await readText(request))) }
    service.requests.push({ method: request.method ?? 'GET', path: url.pathname, fields })
    if (service.mood === 'hang') return null
    if (service.mood === 'broken') return '<h1>Bad gateway</h1>'
    const reply = decide(url.pathname, fields)
    return fields['json'] === '1' ? JSON.stringify({ status: reply.startsWith('OK|') ? 1 : 0, request: reply.replace(/^OK\|/, '') }) : reply
  }

  function decide(path: string, fields: Readonly<Record<string, string>>): string {
    if (fields['key'] !== service.apiKey) return 'ERROR_KEY_DOES_NOT_EXIST'
    if (path === '/in.php') {
      if (service.mood === 'no-balance') return 'ERROR_ZERO_BALANCE'
      const kind = fields['method'] === 'userrecaptcha' ? 'recaptcha-v2' : 'image'
      if (kind === 'recaptcha-v2' && !fields['googlekey']) return 'ERROR_GOOGLEKEY'
      if (kind === 'recaptcha-v2' && !fields['pageurl']) return 'ERROR_PAGEURL'
      if (kind === 'image' && !fields['body']) return 'ERROR_ZERO_CAPTCHA_FILESIZE'
      const id = String(randomInt(1_000_000_000, 9_999_999_999))
      tasks.set(id, { kind, asked: 0 })
      return `OK|${id}`
    }
    const task = tasks.get(fields['id'] ?? '')
    if (path !== '/res.php' || task === undefined) return 'ERROR_WRONG_CAPTCHA_ID'
    task.asked += 1
    if (service.mood === 'never-ready' || task.asked <= service.notReady) return 'CAPCHA_NOT_READY'
    if (service.mood === 'unsolvable') return 'ERROR_CAPTCHA_UNSOLVABLE'
    return `OK|${service.issue(task.kind)}`
  }
}

function invent(length: number): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789'
  return Array.from({ length }, () => letters[randomInt(letters.length)]).join('')
}

async function readText(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += String(chunk)
  return text
}
