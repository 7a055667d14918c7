/** Where a session is reached, and by what: what a program that connects to it has to be told. */

export interface ConnectPlace {
  /** `ws://host:port`, or `wss:`, also with a path: one that other devices reach, where there is one. */
  url: string
  name: string
  /** Whether other devices reach that address. */
  isOpen: boolean
  /** Of MQTT over plain TCP, on the same host; null while it is off. */
  mqttPort: number | null
}

export interface Program {
  code: string
  /** What stands between the program and its connection: the words, and the page where it is changed. */
  missing: { text: string; action: string; to: string } | null
}

/** The parts that languages want apart. `host` is without the brackets of an IPv6 address, `bracketed` with them. */
export function partsOf(url: string): { host: string; bracketed: string; port: number; path: string; isSecure: boolean } {
  const { protocol, hostname, port, pathname } = new URL(url)
  const isSecure = protocol === 'wss:' || protocol === 'https:'
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    bracketed: hostname,
    port: port === '' ? (isSecure ? 443 : 80) : Number(port),
    path: pathname.replace(/\/$/, ''),
    isSecure,
  }
}

const network = { action: 'Settings › Network', to: '/settings/network' }

/** For programs that run on another device, always. */
export const notOpen = {
  text: 'Other devices do not reach this address: open the brokers to the network first.',
  ...network,
}

/** For programs that know no WebSocket. */
export const noMqttPort = {
  text: 'It speaks MQTT over plain TCP only: switch its port on first.',
  ...network,
}

/** Where MQTT clients look when nothing else is said. */
export const usualMqttPort = 1_883
