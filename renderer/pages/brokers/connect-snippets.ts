/** Ready programs that connect to a session, one for each kind of client. The password is left for the reader to fill in. */

export const clientKinds = ['Node', 'Dart', 'MQTT', 'Python', 'ESP32'] as const
export type ClientKind = (typeof clientKinds)[number]

export function connectSnippet(kind: ClientKind, { url, name }: { url: string; name: string }): string {
  const { hostname, port } = new URL(url)
  switch (kind) {
    case 'Node':
      return `import WebSocket from "ws"
const ws = new WebSocket("${url}")
const say = (frame) => ws.send(JSON.stringify(frame))
ws.on("open", () => {
  say({ type: "init", sessionName: "${name}",
        password: process.env.BROKER_PASSWORD,
        userId: "my-client" })
  say({ type: "subscribe", topic: "orders/created" })
})
ws.on("message", (bytes) => {
  const frame = JSON.parse(String(bytes))
  if (frame.type !== "message") return
  console.log(frame.topic, frame.data)
  say({ type: "ack", topic: frame.topic,
        messageId: frame.messageId })
})`
    case 'Dart':
      return `final fastport = Fastport(
  serverUrl: "${url}",
  sessionName: "${name}",
  password: password,
  aesKey: aesKey,
);
await fastport.init();
fastport.get("orders/created", (text, timestamp) {
  print(text);
});
await fastport.emit("orders/created", "Order 1");`
    case 'MQTT':
      return `import mqtt from "mqtt"
const client = mqtt.connect("${url}", {
  username: "${name}",
  password: process.env.BROKER_PASSWORD,
  clientId: "my-client", clean: false
})
client.subscribe("orders/#", { qos: 1 })
client.on("message", (topic, payload) =>
  console.log(topic, String(payload)))
client.publish("orders/created", "Order 1", { qos: 1 })`
    case 'Python':
      return `import os
import paho.mqtt.client as mqtt

client = mqtt.Client(
    mqtt.CallbackAPIVersion.VERSION2,
    client_id="my-client", transport="websockets")
client.ws_set_options(path="/mqtt")
client.username_pw_set("${name}", os.environ["BROKER_PASSWORD"])
client.on_message = lambda c, u, m: print(m.topic, m.payload)
client.on_connect = lambda c, *_: c.subscribe("orders/#", 1)
client.connect("${hostname}", ${port})
client.loop_forever()`
    case 'ESP32':
      return `#include <mqtt_client.h>
esp_mqtt_client_config_t config = {};
config.broker.address.uri = "${url}/mqtt";
config.credentials.username = "${name}";
config.credentials.authentication.password = BROKER_PASSWORD;
config.credentials.client_id = "sensor-1";
config.session.disable_clean_session = true;
auto client = esp_mqtt_client_init(&config);
esp_mqtt_client_start(client);
esp_mqtt_client_publish(client, "sensors/1/temperature",
                        "21.5", 0, 1, 0);`
  }
}

/** What a phone needs to connect, without the password. */
export function connectCode({ url, name }: { url: string; name: string }): string {
  return JSON.stringify({ serverUrl: url, sessionName: name })
}

export interface CodePiece {
  text: string
  kind: 'plain' | 'word' | 'string'
}

const pattern = /("(?:[^"\\\n]|\\.)*")|\b(import|from|const|new|await|final|as|if|return|auto|lambda)\b/g

export function colourCode(code: string): CodePiece[] {
  const pieces: CodePiece[] = []
  let end = 0
  for (const match of code.matchAll(pattern)) {
    if (match.index > end) pieces.push({ text: code.slice(end, match.index), kind: 'plain' })
    pieces.push({ text: match[0], kind: match[1] !== undefined ? 'string' : 'word' })
    end = match.index + match[0].length
  }
  if (end < code.length) pieces.push({ text: code.slice(end), kind: 'plain' })
  return pieces
}
