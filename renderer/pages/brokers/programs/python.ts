import { partsOf, type ConnectPlace, type Program } from './place.ts'
import { quoted } from './quoting.ts'

/** For paho 1, which Debian 12 has, and paho 2, whose clients want to be told how they are called back. */
export function pythonProgram({ url, name }: ConnectPlace): Program {
  const { host, bracketed, port, path, isSecure } = partsOf(url)
  // Its own Host header has an IPv6 address without the brackets, which no server understands.
  const headers = host === bracketed ? '' : `, headers={"Host": ${quoted(`${bracketed}:${port}`)}}`
  const code = `# pip install paho-mqtt (1.x or 2.x)
# BROKER_PASSWORD=... BROKER_CLIENT=shop-1 python3 reader.py
import os
import socket
import sys
import uuid

import paho.mqtt.client as mqtt


def on_connect(client, userdata, flags, reason, properties=None):
    if reason == 0:
        client.subscribe("orders/#", qos=1)
    # Wrong session or password; suspended, or too many tries.
    elif reason in (4, 5) or reason in (134, 135):  # paho 1, paho 2
        sys.exit(f"Not let in: {mqtt.connack_string(reason)}")


def on_message(client, userdata, message):
    print(message.topic, message.payload.decode(errors="replace"), flush=True)
    # client.publish("orders/seen", "1", qos=1)


# Of this copy alone: what comes while it is away is kept for it.
# Without a name nothing is kept.
name = os.environ.get("BROKER_CLIENT")
version = getattr(mqtt, "CallbackAPIVersion", None)
client = mqtt.Client(
    *([version.VERSION2] if version else []),
    client_id=name or f"{socket.gethostname()}-{uuid.uuid4()}",
    clean_session=name is None,
    transport="websockets",
)
client.ws_set_options(path=${quoted(`${path}/mqtt`)}${headers})${isSecure ? '\nclient.tls_set()' : ''}
client.username_pw_set(${quoted(name)}, os.environ.get("BROKER_PASSWORD", ""))
client.on_connect = on_connect
client.on_message = on_message
client.connect(${quoted(host)}, ${port})
client.loop_forever()`
  return { code, missing: null }
}
