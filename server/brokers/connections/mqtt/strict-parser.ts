/**
 * The packet parser, held to what the standard calls malformed. `mqtt-packet` decodes what is not UTF-8 to replacement characters, reads
 * beyond a packet's end, and takes any property with any packet; each of these would make one client's packet into another one's message.
 */
import { isUtf8 } from 'node:buffer'
import { parser, type Parser, type UserProperties } from 'mqtt-packet'
import { reason } from './mqtt-packets.ts'
import { propertyOf, type PropertyKind } from './properties.ts'

/** Why a packet cannot be taken; `code` is the reason to disconnect with. */
export class PacketError extends Error {
  readonly code: number

  constructor(message: string, code: number = reason.malformed) {
    super(message)
    this.code = code
  }
}

/** The parser's own parts, which it calls by these names; it declares no types for them. */
interface Parts {
  _list: { length: number; slice(start: number, end: number): Buffer }
  /** Where it reads within the packet. */
  _pos: number
  /** `length` is that of the packet behind its fixed header. */
  packet: { cmd: string; length: number; clientId?: string }
  error: Error | null
  _emitError(error: Error): void
  _parsePayload(): boolean
  _parseString(): string | null
  _parseVarByteNum(): number | false
  _parseByte(): number | undefined
  _parseByType(kind: PropertyKind): unknown
  _parseProperties(): Record<string, unknown>
  _parseStringPair(): { name: string | null; value: string | null }
}

/** These may end before their properties (3.4.2.2.1, 3.14.2.2.1). */
const endEarly = new Set(['puback', 'pubrec', 'pubrel', 'pubcomp', 'disconnect'])

export function strictParser(): Parser {
  const strict = parser()
  // Its methods are looked up by name on the object, so that these take their places.
  const parts = strict as Parser & Parts
  const parsePayload = parts._parsePayload.bind(parts)
  const parseString = parts._parseString.bind(parts)
  parts._parsePayload = () => {
    // The parser would take the first byte of the next packet for the reason.
    if (parts.packet.cmd === 'disconnect' && parts.packet.length === 0) {
      parts._pos = 0
      return true
    }
    const isWhole = parsePayload()
    if (isWhole && parts.error === null && !endsWhereItShould(parts)) parts._emitError(new PacketError('not as long as it says'))
    return isWhole
  }
  parts._parseString = () => {
    const begin = parts._pos + 2
    const text = parseString()
    if (text === null || !isText(text, parts, begin)) parts._emitError(new PacketError('no text'))
    return text
  }
  parts._parseProperties = () => {
    try {
      return readProperties(parts)
    } catch (error) {
      parts._emitError(error instanceof Error ? error : new PacketError(String(error)))
      return {}
    }
  }
  return strict
}

function endsWhereItShould({ packet, _pos }: Parts): boolean {
  // The rest of a PUBLISH is its payload.
  return packet.cmd === 'publish' ? _pos <= packet.length : _pos === packet.length
}

/** MQTT-1.5.4-1 and -2: well-formed UTF-8, without U+0000. A replacement character may be one that the client wrote. */
function isText(text: string, { _list, _pos }: Parts, begin: number): boolean {
  if (text.includes('\0')) return false
  return !text.includes('\uFFFD') || isUtf8(_list.slice(begin, _pos))
}

function readProperties(parts: Parts): Record<string, unknown> {
  const { packet } = parts
  const properties: Record<string, unknown> = {}
  if (parts._pos >= packet.length && endEarly.has(packet.cmd)) return properties
  const length = parts._parseVarByteNum()
  const end = parts._pos + Number(length)
  if (length === false || end > packet.length) throw new PacketError('properties beyond the packet')
  // In CONNECT those of the will come after the client id.
  const place = packet.cmd === 'connect' && packet.clientId !== undefined ? 'will' : packet.cmd
  while (parts._pos < end) {
    const property = propertyOf(parts._parseByte() ?? 0)
    if (property === undefined) throw new PacketError('an unknown property')
    const { name, kind, least, places } = property
    if (!places.includes(place)) throw new PacketError(`${name} in ${place}`, reason.protocolError)
    if (kind === 'pair') {
      addPair(properties, parts._parseStringPair())
      continue
    }
    if (name in properties) throw new PacketError(`${name} twice`, reason.protocolError)
    const value = kind === 'byte' ? parts._parseByte() : parts._parseByType(kind)
    if (kind === 'byte' && value !== 0 && value !== 1) throw new PacketError(`${name} is neither 0 nor 1`, reason.protocolError)
    if (value === false) throw new PacketError(`${name} is no number`)
    if (typeof value === 'number' && value < least) throw new PacketError(`${name} is ${value}`, reason.protocolError)
    properties[name] = kind === 'byte' ? value === 1 : value
  }
  if (parts._pos !== end) throw new PacketError('a property beyond the others')
  return properties
}

/** A name that comes more than once has all its values. */
function addPair(properties: Record<string, unknown>, { name, value }: { name: string | null; value: string | null }): void {
  if (name === null || value === null) throw new PacketError('half a user property')
  const pairs = (properties['userProperties'] ??= Object.create(null)) as UserProperties // nothing else is put there
  const before = pairs[name]
  pairs[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value]
}
