/**
 * Ten live tiles: what a wall of ten sessions takes of the machine, above the same ten sessions that nobody looks at. Pages that change
 * once a second, and pages that never stand still.
 */
import { createServer } from 'node:http'
import { readdirSync, readFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'
import WebSocket from 'ws'
import type { ServerProcess } from '../../fakes/server-process.ts'
import { listenOnLoopback, stopServer } from '../../fixtures/loopback.ts'
import { listed, useSite, type Room } from './room.ts'

const sessions = 10
/** Ms for which each state is looked at. */
const span = 6_000

const pages = {
  'a clock that ticks': `<script>setInterval(() => (document.querySelector('h1').textContent = new Date().toISOString()), 1000)</script>`,
  'an animation without an end': `<style>i{display:block;width:90px;height:90px;background:#36c;animation:a 2s linear infinite}@keyframes a{to{transform:translateX(900px) rotate(1turn)}}</style><i></i>`,
}

export async function tenLiveTiles({ server, open, closeAll }: Room): Promise<void> {
  for (const [what, body] of Object.entries(pages)) {
    const html = `<!doctype html><title>Bench</title><h1>Bench</h1>${body}${'<p>A line of text as pages have them</p>'.repeat(40)}`
    const site = createServer((_, response) => void response.setHeader('content-type', 'text/html').end(html))
    const address = await listenOnLoopback(site)
    try {
      await useSite(server.call, address)
      for (let user = 0; user < sessions; user += 1) await open(`wall-${user}`)
      await wait(3_000)
      const unseen = await load(server, span)
      const wall = await watchAll(server)
      await wait(2_000)
      const before = { ...wall.seen }
      const seen = await load(server, span)
      const frames = (wall.seen.frames - before.frames) / (span / 1_000)
      const kilobytes = (wall.seen.bytes - before.bytes) / 1_000 / (span / 1_000)
      wall.close()
      console.log(
        `ten live tiles, ${what}: ${(seen - unseen).toFixed(2)} of a core above ${unseen.toFixed(2)} unseen (goal 0.50); ${frames.toFixed(1)} frames/s, ${kilobytes.toFixed(0)} KB/s`,
      )
    } finally {
      await closeAll()
      await stopServer(site)
    }
  }
}

/** Ten tiles of 320 px, at most two pictures a second each, as the window asks for them. */
async function watchAll({ call, ready, token }: ServerProcess) {
  const list = await listed(call)
  const socket = new WebSocket(`${ready.control.url.replace('http', 'ws')}/browsers/v1/browser-wall`, ['wheelhouse', `bearer.${token}`])
  const seen = { frames: 0, bytes: 0 }
  socket.on('message', (data: Buffer, isBinary) => {
    if (!isBinary) return
    seen.frames += 1
    seen.bytes += data.byteLength
    socket.send(JSON.stringify({ type: 'drawn', tile: data.readUInt32BE(0), frame: data.readUInt32BE(4) }))
  })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  socket.send(JSON.stringify({ type: 'watch', tiles: list.sessions.map(({ id }) => ({ session: id })) }))
  return { seen, close: () => socket.close() }
}

/** Cores taken by the server and all that it has started. */
async function load({ child }: ServerProcess, ms: number): Promise<number> {
  const before = ticks(child.pid ?? 0)
  const began = performance.now()
  await wait(ms)
  return (ticks(child.pid ?? 0) - before) / ticksPerSecond / ((performance.now() - began) / 1_000)
}

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

function ticks(root: number): number {
  const processes = readdirSync('/proc').flatMap((pid) => {
    try {
      const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
      return /^\d+$/.test(pid) ? [{ pid: Number(pid), parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }] : []
    } catch {
      return []
    }
  })
  const of = (pid: number): number =>
    processes.filter(({ parent }) => parent === pid).reduce((sum, one) => sum + one.ticks + of(one.pid), 0)
  return (processes.find(({ pid }) => pid === root)?.ticks ?? 0) + of(root)
}
