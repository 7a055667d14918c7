/** Debian's mosquitto in a process of its own, with its messages on disk, for tests of what talks to it. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { connect as connectMqtt, type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt'
import { onTestFinished } from 'vitest'
import { eventually } from '../fixtures/eventually.ts'
import { reservedPort } from '../fixtures/ports.ts'
import { temporaryFolder } from './kernel.ts'

export const hasMosquitto = spawnSync('mosquitto', ['-h']).error === undefined

export interface Mosquitto {
  port: number
  folder: string
  /** What it has logged. */
  said(): string
  start(): Promise<void>
  end(signal: NodeJS.Signals): Promise<void>
}

/** @param lines of its configuration beside those that every test wants @param listener in place of a plain one */
export async function startMosquitto(lines: readonly string[] = [], { isStarted = true } = {}): Promise<Mosquitto> {
  const folder = temporaryFolder()
  const port = await reservedPort()
  const file = join(folder, 'mosquitto.conf')
  const anyone = lines.some((line) => /^(allow_anonymous|password_file)/.test(line)) ? [] : ['allow_anonymous true']
  const usual = [
    'persistence true',
    `persistence_location ${folder}/`,
    'autosave_on_changes true',
    'autosave_interval 1',
    'user root',
    'log_type all',
  ]
  writeFileSync(file, [...usual, `listener ${port} 127.0.0.1`, ...anyone, ...lines, ''].join('\n'))
  let child: ChildProcess | null = null
  let said = ''
  const mosquitto: Mosquitto = {
    port,
    folder,
    said: () => said,
    async start() {
      const started = (child = spawn('mosquitto', ['-c', file, '-v'], { stdio: ['ignore', 'pipe', 'pipe'] }))
      for (const stream of [started.stdout, started.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')))
      await eventually(`mosquitto listens: ${said}`, () => answers(port))
    },
    async end(signal) {
      const ending = child
      child = null
      if (ending === null || ending.exitCode !== null) return
      const closed = once(ending, 'close')
      ending.kill(signal)
      await closed
    },
  }
  onTestFinished(() => mosquitto.end('SIGKILL'))
  if (isStarted) await mosquitto.start()
  return mosquitto
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => (socket.destroy(), resolve(true)))
    socket.once('error', () => resolve(false))
  })
}

export interface Got {
  topic: string
  text: string
  packet: IPublishPacket
}

/** A client that was not written for this program, and what it has got. */
export async function mqttClient(at: number | string, options: IClientOptions = {}): Promise<{ client: MqttClient; got: Got[] }> {
  const client = connectMqtt(typeof at === 'number' ? `mqtt://127.0.0.1:${at}` : at, { protocolVersion: 5, reconnectPeriod: 0, ...options })
  onTestFinished(() => void client.end(true))
  const got: Got[] = []
  client.on('message', (topic, payload, packet) => void got.push({ topic, text: payload.toString('utf8'), packet }))
  // Only now: what waited for it comes together with the answer to its login.
  await new Promise<void>((resolve, reject) => client.once('connect', () => resolve()).once('error', reject))
  return { client, got }
}
