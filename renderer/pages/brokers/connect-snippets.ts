/** Ready programs that connect to a session, one for each kind of client. The password is left for the reader to fill in. */
import { dartProgram } from './programs/dart.ts'
import { esp32Program } from './programs/esp32.ts'
import { mosquittoProgram } from './programs/mosquitto.ts'
import { mqttJsProgram } from './programs/mqtt-js.ts'
import { nodeProgram } from './programs/node.ts'
import type { ConnectPlace, Program } from './programs/place.ts'
import { pythonProgram } from './programs/python.ts'

export type { ConnectPlace, Program } from './programs/place.ts'

const programs = {
  Node: nodeProgram,
  'mqtt.js': mqttJsProgram,
  Python: pythonProgram,
  mosquitto: mosquittoProgram,
  ESP32: esp32Program,
  Dart: dartProgram,
} as const satisfies Record<string, (place: ConnectPlace) => Program>

export type ClientKind = keyof typeof programs
export const clientKinds = Object.keys(programs) as ClientKind[]

export const connectProgram = (kind: ClientKind, place: ConnectPlace): Program => programs[kind](place)

/** What a phone needs to connect, without the password. */
export function connectCode({ url, name }: { url: string; name: string }): string {
  return JSON.stringify({ serverUrl: url, sessionName: name })
}

export interface CodePiece {
  text: string
  kind: 'plain' | 'word' | 'string'
}

/** Comments stay plain, whatever stands in them. */
const pattern =
  /((?:^|\s)(?:\/\/|#(?= )).*)|("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\\n]|\\.)*`)|\b(import|from|const|function|new|await|async|final|try|catch|as|if|elif|else|for|in|def|return|switch|case|break|default|static|void)\b/gm

export function colourCode(code: string): CodePiece[] {
  const pieces: CodePiece[] = []
  let end = 0
  for (const match of code.matchAll(pattern)) {
    if (match[1] !== undefined) continue
    if (match.index > end) pieces.push({ text: code.slice(end, match.index), kind: 'plain' })
    pieces.push({ text: match[0], kind: match[2] !== undefined ? 'string' : 'word' })
    end = match.index + match[0].length
  }
  if (end < code.length) pieces.push({ text: code.slice(end), kind: 'plain' })
  return pieces
}
