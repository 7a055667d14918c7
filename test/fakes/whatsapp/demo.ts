/** The demo: a protocol double, a friendly contact that answers, and the real server between them. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { connectContact, textOf } from './contact.ts'
import { sendEachKind } from './demo-kinds.ts'
import { WhatsAppDouble } from './double.ts'
import { MediaServer } from './media.ts'

const contactNumber = '15550100011'
const cli = join(import.meta.dirname, '..', '..', '..', 'out', 'main', 'cli.js')

const media = new MediaServer()
await media.start()
setDefaultCACertificates([...getCACertificates(), media.certificate.cert])
const double = await WhatsAppDouble.start({ media })
const contact = await connectContact(double, contactNumber, 'Ann (pretend)')
contact.socket.ev.on('messages.upsert', ({ messages }) => {
  for (const message of messages) {
    const { fromMe, remoteJid } = message.key
    const text = textOf(message)
    if (fromMe === true || text === null || remoteJid == null) continue
    void contact.socket.readMessages([message.key]).then(async () => {
      if (/everything/i.test(text)) await sendEachKind(contact, remoteJid)
      else await contact.socket.sendMessage(remoteJid, { text: `You wrote: ${text}` })
    })
  }
})

const dataDir = mkdtempSync(join(tmpdir(), 'wheelhouse-demo-'))
const certificate = join(dataDir, 'pretend-media.pem')
writeFileSync(certificate, media.certificate.cert)
const server = spawn(process.execPath, [cli, '--data-dir', dataDir, '--whatsapp-url', double.url, ...process.argv.slice(2)], {
  stdio: ['ignore', 'pipe', 'inherit'],
  env: { ...process.env, NODE_EXTRA_CA_CERTS: certificate },
})
let output = ''
server.stdout.setEncoding('utf8').on('data', (text: string) => {
  output += text
  if (output.includes('wheelhouse ready ')) void greet()
})
// The server ends with the terminal's signal by itself; this process waits for it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => server.kill(signal))
server.once('exit', (code) => {
  rmSync(dataDir, { recursive: true, force: true })
  process.exit(code ?? 1)
})

let greeted = false
async function greet(): Promise<void> {
  if (greeted) return
  greeted = true
  const { control } = JSON.parse(readFileSync(join(dataDir, 'runtime.json'), 'utf8')) as { control: { url: string; token: string } } // written by the server a moment ago
  const answer = await fetch(`${control.url}/control/v1/sign-in-links`, {
    method: 'POST',
    headers: { authorization: `Bearer ${control.token}` },
  })
  const { url } = (await answer.json()) as { url: string } // our own server's answer
  console.log(
    `\nThe demo is ready. Open ${url}\nIn Bots, link any number and let the pretend phone type the code. Write to +${contactNumber}: she answers, and to “everything” with a picture, a voice note and what else people send.\nEverything is gone when you end it with Ctrl+C.`,
  )
}
