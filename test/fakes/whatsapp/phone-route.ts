/**
 * `POST /phone` with a number and a code or QR text: what a person would do on the phone, for the demo. `GET /sw.js`: the page that names
 * the newest version of the program.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { WhatsAppDouble } from './double.ts'

export async function answerPhone(double: WhatsAppDouble, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url === '/sw.js') {
    const { newestVersion } = double.logins
    if (newestVersion === null) return void response.writeHead(503).end()
    return void response.end(`self.data={\\"client_revision\\":${newestVersion},\\"server_revision\\":1}`)
  }
  try {
    let text = ''
    for await (const part of request) text += String(part)
    const { phoneNumber, code, qr } = JSON.parse(text) as { phoneNumber: string; code?: string; qr?: string } // our own room sends it
    const outcome = code === undefined ? await double.scanQr(phoneNumber, qr ?? '') : await double.enterCode(phoneNumber, code)
    response.end(outcome)
  } catch (error) {
    response.writeHead(400).end(error instanceof Error ? error.message : String(error))
  }
}
