/**
 * What a business leans on, tried in full: people write to several bots of the real server, whose receiver refuses half of what it is
 * told, while the server is killed twice. Counts what was told, how often, and in which order.
 */
import { createServer } from 'node:http'
import { until } from './kernel.ts'
import { newDataDir, startServer, type ServerProcess } from './server-process.ts'
import { connectContact } from './whatsapp/contact.ts'
import { WhatsAppDouble } from './whatsapp/double.ts'
import { listenOnLoopback, stopServer } from '../fixtures/loopback.ts'
import { patience } from '../fixtures/patience.ts'

export interface Proof {
  sent: number
  /** Of them those that the receiver took, at least once. */
  told: number
  /** Taken more than once: the answer was lost with a kill. */
  twice: number
  /** Calls, and those that the receiver refused. */
  calls: number
  refused: number
  /** Dead letters that were delivered once more in the end. */
  replayed: number
  /** Events that were first taken after one of their chat that came to the server later, dead letters aside. */
  outOfOrder: number
  kills: number
}

const bots = ['15550100142', '15550100143', '15550100144'].map((number) => ({ number, userId: `bot_${number}` }))
const people = ['15550100011', '15550100012', '15550100013']
/** Short ones: the proof is of the order of events, not of patience. */
const waits = [0.02, 0.05, 0.1, 0.1, 0.2, 0.2, 0.3, 0.3, 0.5, 0.5]

export async function proveWebhooks(
  messages: number,
  { onStep = () => {}, patience: within = patience }: { onStep?(what: string): void; patience?: number } = {},
): Promise<Proof> {
  const endings: (() => unknown)[] = []
  const proof: Proof = { sent: 0, told: 0, twice: 0, calls: 0, refused: 0, replayed: 0, outOfOrder: 0, kills: 0 }
  try {
    const double = await WhatsAppDouble.start()
    endings.push(() => double.stop())
    const taken = new Map<string, number>()
    const newest = new Map<string, string>()
    const receiver = createServer((request, response) => {
      let text = ''
      request.setEncoding('utf8').on('data', (part: string) => (text += part))
      request.on('end', () => {
        proof.calls += 1
        // Every other call, whatever it is about: of an event that is tried again by chance often, by chance seldom.
        if (proof.calls % 2 === 0 || proof.calls % 7 === 3) {
          proof.refused += 1
          return void response.writeHead(500).end()
        }
        const { timestamp, data } = JSON.parse(text) as {
          timestamp: string
          data: { userId: string; message: { chat: string; text: string } }
        }
        const chat = `${data.userId} ${data.message.chat}`
        const before = taken.get(data.message.text) ?? 0
        // A dead letter that is delivered once more has stepped aside, as it should.
        if (before === 0 && request.headers['webhook-replay'] === undefined) {
          if (timestamp < (newest.get(chat) ?? '')) proof.outOfOrder += 1
          newest.set(chat, timestamp)
        }
        taken.set(data.message.text, before + 1)
        response.end()
      })
    })
    const url = await listenOnLoopback(receiver)
    endings.push(() => stopServer(receiver))

    const dataDir = newDataDir()
    const start = async (): Promise<ServerProcess> => {
      const server = await startServer({ dataDir, args: ['--whatsapp-url', double.url] })
      endings.push(() => server.dispose())
      return server
    }
    let server = await start()
    const call = async (method: string, path: string, json?: object): Promise<Record<string, never>> =>
      (await server.call(`/bots${path}`, { method, ...(json === undefined ? {} : { json }) })).json() as Promise<Record<string, never>> // looked into by name
    await server.call('/control/v1/settings', { method: 'PATCH', json: { webhooks: { allowPrivate: true } } })
    const hooks: { userId: string; id: string }[] = []
    for (const { number, userId } of bots) {
      const { pairingCode } = await call('POST', '/api/sessions', { userId, phoneNumber: number })
      await double.enterCode(number, String(pairingCode))
      await until(`${userId} is online`, async () => String((await call('GET', `/api/sessions/${userId}`))['status']) === 'online')
      const { webhook } = (await call('POST', `/api/sessions/${userId}/webhooks`, { url, types: ['message'], waits })) as unknown as {
        webhook: { id: string }
      } // as the contract has it
      hooks.push({ userId, id: webhook.id })
    }
    const contacts = []
    for (const number of people) {
      const contact = await connectContact(double, number, number)
      endings.push(contact.stop)
      contacts.push(contact)
    }

    const each = Math.ceil(messages / (bots.length * people.length))
    const kills = [Math.floor(each / 3), Math.floor((2 * each) / 3)]
    for (let index = 0; index < each; index += 1) {
      for (const contact of contacts)
        for (const { number } of bots) {
          if (proof.sent >= messages) continue
          await contact.socket.sendMessage(`${number}@s.whatsapp.net`, { text: `${contact.number} to ${number} #${index}` })
          proof.sent += 1
        }
      if (!kills.includes(index)) continue
      onStep(`${proof.sent} sent, ${taken.size} taken: kill -9`)
      await server.end('SIGKILL')
      proof.kills += 1
      server = await start()
    }
    onStep(`${proof.sent} sent, ${taken.size} taken: waiting for the rest`)
    await until(
      'each was taken or given up',
      async () => {
        let waiting = 0
        let dead = 0
        for (const { userId, id } of hooks) {
          const { webhooks } = (await call('GET', `/api/sessions/${userId}/webhooks`)) as unknown as {
            webhooks: { waiting: number; dead: number }[]
          } // as the contract has it
          waiting += webhooks[0]?.waiting ?? 0
          dead += webhooks[0]?.dead ?? 0
          if ((webhooks[0]?.dead ?? 0) > 0) {
            const { count } = await call('POST', `/api/sessions/${userId}/webhooks/${id}/replay`)
            proof.replayed += Number(count)
          }
        }
        return taken.size >= proof.sent && waiting + dead === 0
      },
      within,
    )
    proof.told = taken.size
    proof.twice = [...taken.values()].filter((times) => times > 1).length
    return proof
  } finally {
    for (const end of endings.toReversed()) await end()
  }
}
