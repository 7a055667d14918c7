import type { ConnectPlace, Program } from './place.ts'
import { quoted } from './quoting.ts'

export function nodeProgram({ url, name }: ConnectPlace): Program {
  const code = `// npm install ws
// BROKER_PASSWORD=... BROKER_CLIENT=shop-1 node reader.mjs
import WebSocket from "ws"

connect()

function connect() {
  const ws = new WebSocket(${quoted(url)})
  const say = (frame) => ws.send(JSON.stringify(frame))
  ws.on("open", () => say({
    type: "init",
    sessionName: ${quoted(name)},
    password: process.env.BROKER_PASSWORD,
    // Of this copy alone: what comes while it is away is kept for it.
    // Without a name nothing is kept.
    userId: process.env.BROKER_CLIENT,
  }))
  ws.on("message", (bytes) => {
    const frame = JSON.parse(String(bytes))
    if (frame.type === "init_response" && frame.success) {
      say({ type: "subscribe", topic: "orders/#" })
    } else if (frame.type === "init_response") {
      console.error(\`Not let in: \${frame.error}\`)
      if (/password|not found|attempts/.test(frame.error)) process.exit(1)
      ws.close() // It starts, or is suspended: again in a moment.
    } else if (frame.type === "message") {
      console.log(frame.topic, frame.data)
      // When it is done: what is not acknowledged comes again.
      say({ type: "ack", topic: frame.topic, messageId: frame.messageId })
      // say({ type: "publish", topic: "orders/seen", data: "1" })
    }
  })
  ws.on("error", ({ message }) => console.error(message))
  // Not all copies at the same moment.
  ws.on("close", () => setTimeout(connect, 1000 + Math.random() * 4000))
}`
  return { code, missing: null }
}
