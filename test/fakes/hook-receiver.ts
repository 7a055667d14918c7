/** Somebody's receiver of webhooks, with the manners that a test gives it. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { listenOnLoopback, stopServer } from '../fixtures/loopback.ts'

export interface HookCall {
  path: string
  headers: IncomingHttpHeaders
  text: string
  type: string
  // Tests look into events by name and fail by their own expectations.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  data: any
}

export interface HookReceiver {
  url: string
  /** In the order of their arrival. */
  calls: HookCall[]
  /** What it says to a call; 200 when it is not given. */
  answer: (call: HookCall, response: ServerResponse) => void
  stop(): Promise<void>
}

export async function startHookReceiver(): Promise<HookReceiver> {
  const calls: HookCall[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (part: string) => (text += part))
    request.on('end', () => {
      const { type, data } = JSON.parse(text) as Pick<HookCall, 'type' | 'data'> // what webhooks send
      const call = { path: String(request.url), headers: request.headers, text, type, data }
      calls.push(call)
      receiver.answer(call, response)
    })
  })
  const receiver: HookReceiver = {
    url: await listenOnLoopback(server),
    calls,
    answer: (_call, response) => void response.end(),
    async stop() {
      server.closeAllConnections()
      await stopServer(server)
    },
  }
  return receiver
}
