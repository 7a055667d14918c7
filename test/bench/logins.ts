/**
 * Login sessions beside oidc-provider's introspection and better-auth's get-session, in one run and in turns: throughput at 16 connections
 * with 100,000 stored sessions on each store, latency at 80 % of it, races. Every reply's content is checked.
 *
 * `BENCH_SESSIONS=10000` stores fewer, `BENCH_STORES=database` asks for some stores only.
 */
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { cpus } from 'node:os'
import { startRedis } from '../fakes/redis-server.ts'
import { startServer } from '../fakes/server-process.ts'
import { createLoad, type Call, type LoadOptions, type LoadResult } from './logins/load.ts'
import { installPeers, startPeer } from './logins/peers.ts'
import { race } from './logins/races.ts'
import { betterAuthAsSubject, oursAsSubject, racer } from './logins/subjects.ts'
import { p50 } from './statistics.ts'

const stored = Number(process.env['BENCH_SESSIONS'] ?? 100_000)
const stores = (process.env['BENCH_STORES'] ?? 'database,memory,redis').split(',')
const rounds = 3
const json = { 'content-type': 'application/json' }
const form = { 'content-type': 'application/x-www-form-urlencoded' }

const folder = installPeers()
const load = createLoad(folder)
console.log(
  `node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${stored} sessions stored, 16 connections, ${rounds} rounds in turns`,
)

const oidc = await startPeer(folder, 'peer-oidc-provider.mjs')
const betterAuth = await startPeer(folder, 'peer-better-auth.mjs')
const redis = await startRedis()
try {
  const peers: Row[] = [await oidcRow(), await betterAuthRow()]
  for (const store of stores) await benchStore(store, peers)
  await races()
} finally {
  await Promise.all([oidc.stop(), betterAuth.stop(), redis.dispose()])
}

interface Row {
  name: string
  /** Of the server that answers. */
  pid: number | undefined
  options: LoadOptions
}

async function benchStore(store: string, peers: readonly Row[]): Promise<void> {
  const server = await startServer({
    built: process.env['BENCH_SOURCE'] === undefined,
    env: { SESSION_STORAGE_TYPE: store, REDIS_URL: redis.url, WHEELHOUSE_LOG_LEVEL: 'warn' },
  })
  try {
    const url = server.ready.apis['logins']?.url ?? ''
    console.log(`\nstore: ${store}`)
    const { tokens, perSecond } = await fill(url)
    console.log(`  create            ${perSecond.toFixed(0).padStart(7)}/s while ${stored} were stored`)
    await creating(url)
    const validate: Row = {
      name: 'validate',
      pid: server.child.pid,
      options: {
        url,
        calls: tokens.map((token) => post('/api/v1/sessions/validate', { token })),
        good: (body) => body.includes('"is_valid":true') && body.includes('"user_id":"user-'),
      },
    }
    const introspect: Row = {
      name: 'introspect',
      pid: server.child.pid,
      options: {
        url,
        calls: tokens.map((token) => ({ method: 'POST', path: '/introspect', headers: form, body: `token=${token}` })),
        good: (body) => body.startsWith('{"active":true,"sub":"user-'),
      },
    }
    const list: Row = {
      name: 'list of a user',
      pid: server.child.pid,
      options: {
        url,
        calls: tokens.slice(0, 5_000).map((token, index) => ({
          method: 'GET',
          path: `/api/v1/sessions/user/user-${index}`,
          headers: { authorization: `Bearer ${token}` },
        })),
        good: (body) => body.includes('"is_current":true'),
      },
    }
    const owner = { authorization: `Bearer ${server.token}` }
    const pages = ['', '&sort=lastActivity', '&text=user-4242', '&state=live&sort=username'].map((query): Call => ({
      method: 'GET',
      path: `/v1/sessions?limit=100${query}`,
      headers: owner,
    }))
    const rates = new Map<string, number[]>()
    const costs = new Map<string, number[]>()
    const notes = new Map<string, LoadResult>()
    for (let round = 0; round < rounds; round += 1) {
      for (const { name, pid, options } of [validate, introspect, list, ...peers]) {
        const before = cpuTime(pid)
        const result = await load(options)
        costs.set(name, [...(costs.get(name) ?? []), (cpuTime(pid) - before) / result.calls])
        if (result.wrong > 0) throw new Error(`${name}: ${result.wrong} wrong replies`)
        rates.set(name, [...(rates.get(name) ?? []), result.perSecond])
        notes.set(name, result)
      }
    }
    for (const [name, values] of rates) {
      const last = notes.get(name)
      console.log(
        `  ${name.padEnd(26)}${values
          .toSorted((a, b) => b - a)
          .map((value) => value.toFixed(0).padStart(7))
          .join('')}/s, p50 ${last?.p50} ms, p99 ${last?.p99} ms, ${p50(costs.get(name) ?? []).toFixed(0)} µs CPU a call`,
      )
    }
    const median = (name: string): number => p50(rates.get(name) ?? [])
    console.log(
      `  validate is ${(median('validate') / median('oidc-provider introspect')).toFixed(2)} × oidc-provider (goal 2) and ${(median('validate') / median('better-auth get-session')).toFixed(1)} × better-auth (goal 10)`,
    )
    const cost = (name: string): number => p50(costs.get(name) ?? [])
    console.log(
      `  by CPU time a call, which the load of others disturbs least: ${(cost('oidc-provider introspect') / cost('validate')).toFixed(2)} × and ${(cost('better-auth get-session') / cost('validate')).toFixed(1)} ×`,
    )
    for (const page of pages) {
      const {
        p50: half,
        p99,
        wrong,
      } = await load({ url, calls: [page], connections: 1, amount: 20, good: (body) => body.includes('"sessions":[{') })
      if (wrong > 0) throw new Error(`${page.path}: ${wrong} wrong replies`)
      console.log(`  page ${page.path.slice('/v1/sessions?'.length).padEnd(38)}p50 ${half} ms, p99 ${p99} ms`)
    }
    const calm = await load({ ...validate.options, rate: Math.floor(median('validate') * 0.8), seconds: 5 })
    console.log(`  validate at 80 % of that: p50 ${calm.p50} ms, p99 ${calm.p99} ms (goal 5)`)
    await refresh(url)
  } finally {
    await server.dispose()
  }
}

/** Beside the peers' nearest call: a token of a client of oidc-provider, and a sign-in of better-auth, which hashes a password as well. */
async function creating(url: string): Promise<void> {
  const amount = 4_000
  const calls = Array.from({ length: amount }, (_, index) =>
    post('/api/v1/sessions', { user_id: `more-${index}`, username: `more-${index}`, role_name: 'clerk', permissions: ['read', 'write'] }),
  )
  const basic = { ...form, authorization: `Basic ${Buffer.from('gateway:gateway-secret').toString('base64')}` }
  const rows: [string, LoadOptions][] = [
    ['create', { url, calls, amount, good: (body) => body.startsWith('{"success":true') }],
    [
      'oidc-provider token',
      {
        url: oidc.url,
        calls: [{ method: 'POST', path: '/token', headers: basic, body: 'grant_type=client_credentials' }],
        good: (body) => body.includes('"access_token"'),
      },
    ],
    [
      'better-auth sign-in',
      {
        url: betterAuth.url,
        calls: [{ ...post('/api/auth/sign-in/email', racer), headers: { ...json, origin: betterAuth.url } }],
        good: (body) => body.includes(racer.email),
      },
    ],
  ]
  for (const [name, options] of rows) {
    const { perSecond, p50: half, p99, wrong } = await load(options)
    if (wrong > 0) throw new Error(`${name}: ${wrong} wrong replies`)
    console.log(`  ${name.padEnd(26)}${perSecond.toFixed(0).padStart(7)}/s, p50 ${half} ms, p99 ${p99} ms`)
  }
}

/** Each token can be replaced once. */
async function refresh(url: string): Promise<void> {
  const amount = 2_000
  const soon = new Date(Date.now() + 200_000).toISOString()
  const tokens = await create(url, amount, (index) => ({ user_id: `near-${index}`, expires_at: soon }))
  const calls = tokens.map((token): Call => ({
    ...post('/api/v1/sessions/refresh', {}),
    headers: { ...json, authorization: `Bearer ${token}` },
  }))
  const { perSecond, wrong } = await load({ url, calls, amount, good: (body) => body.includes('"refreshed":true') })
  if (wrong > 0) throw new Error(`refresh: ${wrong} wrong replies`)
  console.log(`  refresh           ${perSecond.toFixed(0).padStart(7)}/s`)
}

async function fill(url: string): Promise<{ tokens: string[]; perSecond: number }> {
  const begun = performance.now()
  const tokens = await create(url, stored, (index) => ({ user_id: `user-${index}` }))
  return { tokens, perSecond: stored / ((performance.now() - begun) / 1_000) }
}

/** 32 at a time over kept connections. */
async function create(url: string, amount: number, more: (index: number) => object): Promise<string[]> {
  const tokens = new Array<string>(amount)
  const agent = new Agent({ keepAlive: true })
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < amount) {
      const index = next
      next += 1
      const text = await send(
        `${url}/api/v1/sessions`,
        JSON.stringify({ username: `user-${index}`, role_name: 'clerk', permissions: ['read', 'write'], ...more(index) }),
        agent,
      )
      tokens[index] = (JSON.parse(text) as { token: string }).token
    }
  }
  await Promise.all(Array.from({ length: 32 }, worker))
  agent.destroy()
  return tokens
}

function send(url: string, body: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent, headers: { ...json, 'content-length': Buffer.byteLength(body) } }, (reply) => {
      let text = ''
      reply.setEncoding('utf8')
      reply.on('data', (part: string) => (text += part))
      reply.on('end', () => (reply.statusCode === 201 ? resolve(text) : reject(new Error(`create answered ${reply.statusCode}: ${text}`))))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

async function oidcRow(): Promise<Row> {
  const headers = { ...form, authorization: `Basic ${Buffer.from('gateway:gateway-secret').toString('base64')}` }
  const reply = await fetch(`${oidc.url}/token`, { method: 'POST', headers, body: 'grant_type=client_credentials' })
  const { access_token: token } = (await reply.json()) as { access_token: string }
  return {
    name: 'oidc-provider introspect',
    pid: oidc.pid,
    options: {
      url: oidc.url,
      calls: [{ method: 'POST', path: '/token/introspection', headers, body: `token=${token}` }],
      good: (body) => body.includes('"active":true'),
    },
  }
}

async function betterAuthRow(): Promise<Row> {
  const cookie = await (await betterAuthAsSubject(betterAuth)).create()
  return {
    name: 'better-auth get-session',
    pid: betterAuth.pid,
    options: {
      url: betterAuth.url,
      calls: [{ method: 'GET', path: '/api/auth/get-session', headers: { cookie } }],
      good: (body) => body.includes('racer@example.test'),
    },
  }
}

async function races(): Promise<void> {
  console.log('\nraces: wrong answers')
  for (const store of stores) {
    const server = await startServer({
      built: process.env['BENCH_SOURCE'] === undefined,
      env: { SESSION_STORAGE_TYPE: store, REDIS_URL: redis.url },
    })
    try {
      print(`ours, ${store}`, await race(oursAsSubject(server.ready.apis['logins']?.url ?? '')))
    } finally {
      await server.dispose()
    }
  }
  print('better-auth', await race(await betterAuthAsSubject(betterAuth)))
}

function print(name: string, results: Readonly<Record<string, number | null>>): void {
  console.log(
    `  ${name.padEnd(16)}${Object.entries(results)
      .map(([what, wrong]) => `${what}: ${wrong ?? 'has none'}`)
      .join('; ')}`,
  )
}

/** µs of both kinds that a process has used; Linux counts in hundredths of a second. */
function cpuTime(pid: number | undefined): number {
  if (pid === undefined || process.platform !== 'linux') return Number.NaN
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

function post(path: string, body: object): Call {
  return { method: 'POST', path, headers: json, body: JSON.stringify(body) }
}
