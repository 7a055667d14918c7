/** The properties that clients of MQTT 5 may send (2.2.2.2), under the names that `mqtt-packet` gives them, and in which packets. */

export type PropertyKind = 'byte' | 'int16' | 'int32' | 'var' | 'string' | 'binary' | 'pair'

export interface Property {
  readonly name: string
  readonly kind: PropertyKind
  /** Kinds of packets, and `will` for that of a CONNECT. */
  readonly places: readonly string[]
  /** The least number it may be. */
  readonly least: number
}

const messages = ['publish', 'will']
const acknowledgements = ['puback', 'pubrec', 'pubrel', 'pubcomp', 'disconnect', 'auth']
const everywhere = ['connect', ...messages, ...acknowledgements, 'subscribe', 'unsubscribe']

const properties: ReadonlyMap<number, Property> = new Map([
  [0x01, property('payloadFormatIndicator', 'byte', messages)],
  [0x02, property('messageExpiryInterval', 'int32', messages)],
  [0x03, property('contentType', 'string', messages)],
  [0x08, property('responseTopic', 'string', messages)],
  [0x09, property('correlationData', 'binary', messages)],
  // In a PUBLISH it is the server's to send (MQTT-3.3.4-6).
  [0x0b, property('subscriptionIdentifier', 'var', ['subscribe'], 1)],
  [0x11, property('sessionExpiryInterval', 'int32', ['connect', 'disconnect'])],
  [0x15, property('authenticationMethod', 'string', ['connect', 'auth'])],
  [0x16, property('authenticationData', 'binary', ['connect', 'auth'])],
  [0x17, property('requestProblemInformation', 'byte', ['connect'])],
  [0x18, property('willDelayInterval', 'int32', ['will'])],
  [0x19, property('requestResponseInformation', 'byte', ['connect'])],
  [0x1f, property('reasonString', 'string', acknowledgements)],
  // 0 is refused in CONNACK, where the client hears why.
  [0x21, property('receiveMaximum', 'int16', ['connect'])],
  [0x22, property('topicAliasMaximum', 'int16', ['connect'])],
  // 0 has a reason of its own.
  [0x23, property('topicAlias', 'int16', ['publish'])],
  [0x26, property('userProperties', 'pair', everywhere)],
  [0x27, property('maximumPacketSize', 'int32', ['connect'])],
])

export const propertyOf = (id: number): Property | undefined => properties.get(id)

function property(name: string, kind: PropertyKind, places: readonly string[], least = 0): Property {
  return { name, kind, places, least }
}
