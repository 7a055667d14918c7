/**
 * What our HTTP layer costs: processor time per call beside a bare `node:http` handler that reads and answers the same JSON, in one run and
 * in turns. The load comes from this process over raw sockets, so that only the server's own time is counted; every reply is looked at.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpus } from 'node:os'
import { connect } from 'node:net'
import { join } from 'node:path'
import { p50 } from './statistics.ts'

const connections = 16
const calls = 20_000
const rounds = 5
const goal = 25

const body = JSON.stringify({ text: 'The same words go there and come back again. '.repeat(8), count: 42, tags: ['one', 'two', 'three'] })

interface Subject {
  name: string
  child: ChildProcess
  port: number
  path: string
}

console.log(
  `node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${connections} connections, ${body.length} bytes there and back`,
)
const bare = await start('bare.ts')
const ours = await start('ours.ts')
const subjects: Subject[] = [
  { name: 'bare node:http', child: bare.child, port: bare.ports[0] ?? 0, path: '/api/v1/echo' },
  { name: 'ours, fixed path', child: ours.child, port: ours.ports[0] ?? 0, path: '/api/v1/echo' },
  { name: 'ours, path with a parameter', child: ours.child, port: ours.ports[0] ?? 0, path: '/api/v1/echo/some-id' },
  { name: 'ours, under the prefix', child: ours.child, port: ours.ports[1] ?? 0, path: '/logins/api/v1/echo' },
]
const costs = new Map<string, number[]>()
for (const subject of subjects) await load(subject, calls)
for (let round = 0; round < rounds; round += 1) {
  for (const subject of subjects) {
    const before = await cpuOf(subject.child)
    await load(subject, calls)
    costs.set(subject.name, [...(costs.get(subject.name) ?? []), ((await cpuOf(subject.child)) - before) / calls])
  }
}
const base = p50(costs.get('bare node:http') ?? [])
for (const [name, values] of costs) {
  const cost = p50(values)
  const beside = name === 'bare node:http' ? '' : `, ${(cost - base).toFixed(1)} µs more (goal ${goal}), ${(cost / base).toFixed(2)} ×`
  const all = values.toSorted((a, b) => a - b).map((value) => value.toFixed(1))
  console.log(`  ${name.padEnd(30)}${cost.toFixed(1).padStart(6)} µs CPU a call (${all.join(' ')})${beside}`)
}
bare.child.disconnect()
ours.child.disconnect()

async function start(script: string): Promise<{ child: ChildProcess; ports: number[] }> {
  const execArgv = process.env['BENCH_CPU_PROF'] === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${process.env['BENCH_CPU_PROF']}`]
  const child = fork(join(import.meta.dirname, 'http', script), { execArgv })
  const [message] = (await once(child, 'message')) as [{ ports: number[] }]
  return { child, ports: message.ports }
}

async function cpuOf(child: ChildProcess): Promise<number> {
  const told = once(child, 'message')
  child.send('cpu')
  const [message] = (await told) as [{ cpu: number }]
  return message.cpu
}

/** Each connection asks again as soon as it has its answer. */
async function load({ port, path }: Subject, amount: number): Promise<void> {
  const request = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
  await Promise.all(Array.from({ length: connections }, () => converse(port, request, amount / connections)))
}

function converse(port: number, request: string, amount: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request))
    let left = amount
    let text = ''
    socket.setNoDelay(true)
    socket.on('error', reject)
    socket.on('data', (part) => {
      text += part.toString('latin1')
      const end = text.indexOf('\r\n\r\n')
      if (end === -1 || text.length < end + 4 + body.length) return
      if (!text.startsWith('HTTP/1.1 200') || text.slice(end + 4) !== body)
        return reject(new Error(`a wrong answer: ${text.slice(0, 300)}`))
      text = ''
      left -= 1
      if (left > 0) return void socket.write(request)
      socket.end()
      resolve()
    })
  })
}
