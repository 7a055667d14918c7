import { partsOf, type ConnectPlace, type Program } from './place.ts'
import { quoted } from './quoting.ts'

export function mqttJsProgram({ url, name }: ConnectPlace): Program {
  const { host, bracketed, port, path, isSecure } = partsOf(url)
  // It takes the brackets of an IPv6 address away, and has none then where it needs them.
  const hostname = host === bracketed ? '' : `\n  hostname: ${quoted(bracketed)},`
  const address = `${isSecure ? 'wss' : 'ws'}://${bracketed}:${port}${path}/mqtt`
  const code = `// npm install mqtt
// BROKER_PASSWORD=... BROKER_CLIENT=shop-1 node reader.mjs
import { randomUUID } from "node:crypto"
import { hostname } from "node:os"
import mqtt from "mqtt"

// Of this copy alone: what comes while it is away is kept for it.
// Without a name nothing is kept.
const name = process.env.BROKER_CLIENT
const client = mqtt.connect(${quoted(address)}, {${hostname}
  username: ${quoted(name)},
  password: process.env.BROKER_PASSWORD,
  clientId: name ?? \`\${hostname()}-\${randomUUID()}\`,
  clean: name === undefined,
})
client.on("connect", () => client.subscribe("orders/#", { qos: 1 }))
client.on("message", (topic, payload) => {
  console.log(topic, String(payload))
  // client.publish("orders/seen", "1", { qos: 1 })
})
client.on("error", ({ code, message }) => {
  console.error(message)
  // 4: wrong session or password. 5: suspended, or too many tries.
  if (code === 4 || code === 5) process.exit(1)
})`
  return { code, missing: null }
}
