/**
 * What clients of a broker session wrap their texts in, so that the server sees nothing but letters. WebCrypto alone: Node and browsers.
 *
 * Version 1 is what all existing clients speak: AES-256-CBC, `base64(iv):base64(ciphertext)`, with a plain SHA-256 that finds damage, not
 * forgery. Version 2 is AES-256-GCM, `2.KEYID.base64(iv).base64(ciphertext and tag)`; topic, message id and time are authenticated with it,
 * so that a text cannot be changed or moved to another message.
 */
export interface EnvelopeContext {
  topic: string
  messageId: string
  timestamp: number
}

export interface Sealed {
  data: string
  /** SHA-256 of `data`, hexadecimal. */
  hash: string
}

/** Why a message could not be opened. */
export class EnvelopeError extends Error {
  override readonly name = 'EnvelopeError'
  readonly code: 'damaged' | 'wrong-key' | 'unknown-format' | 'bad-key' | 'not-available'

  constructor(code: EnvelopeError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export class Envelope {
  readonly version: 1 | 2
  readonly #keyId: string
  readonly #cbc: CryptoKey
  readonly #gcm: CryptoKey

  private constructor(version: 1 | 2, keyId: string, cbc: CryptoKey, gcm: CryptoKey) {
    this.version = version
    this.#keyId = keyId
    this.#cbc = cbc
    this.#gcm = gcm
  }

  /** `key`: 32 bytes in Base64, as `generate-key` prints them. Seals in `version`, opens both. */
  static async create(key: string, { version = 1, keyId }: { version?: 1 | 2; keyId?: string } = {}): Promise<Envelope> {
    const { subtle } = globalThis.crypto ?? {}
    if (subtle === undefined)
      throw new EnvelopeError('not-available', 'This page cannot encrypt: open it over https or on the machine itself')
    const bytes = readKey(key)
    const [cbc, gcm, digest] = await Promise.all([
      subtle.importKey('raw', bytes, 'AES-CBC', false, ['encrypt', 'decrypt']),
      subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']),
      subtle.digest('SHA-256', bytes),
    ])
    // Of the key's hash, never of the key: it travels in the clear.
    return new Envelope(version, keyId ?? hex(digest).slice(0, 8), cbc, gcm)
  }

  async seal(text: string, context: EnvelopeContext): Promise<Sealed> {
    const data = this.version === 1 ? await this.#sealCbc(text) : await this.#sealGcm(text, context)
    return { data, hash: await sha256(data) }
  }

  /** Throws `EnvelopeError`. */
  async open({ data, hash }: { data: string; hash?: unknown }, context: EnvelopeContext): Promise<string> {
    if (typeof hash === 'string' && hash !== (await sha256(data)))
      throw new EnvelopeError('damaged', 'The message does not have the hash it was sent with')
    const first = /^2\.([\w-]{1,64})\.([A-Za-z0-9+/=]+)\.([A-Za-z0-9+/=]+)$/.exec(data)
    if (first !== null) return this.#openGcm(first[2] ?? '', first[3] ?? '', context)
    const second = /^([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)$/.exec(data)
    if (second !== null) return this.#openCbc(second[1] ?? '', second[2] ?? '')
    throw new EnvelopeError('unknown-format', 'The message is in no envelope that is known here')
  }

  async #sealCbc(text: string): Promise<string> {
    const iv = crypto.getRandomValues(new Uint8Array(16))
    const sealed = await crypto.subtle.encrypt({ name: 'AES-CBC', iv }, this.#cbc, new TextEncoder().encode(text))
    return `${toBase64(iv)}:${toBase64(new Uint8Array(sealed))}`
  }

  async #sealGcm(text: string, context: EnvelopeContext): Promise<string> {
    const iv = crypto.getRandomValues(new Uint8Array(12))
    const sealed = await crypto.subtle.encrypt(
      { name: 'AES-GCM', iv, additionalData: bound(context) },
      this.#gcm,
      new TextEncoder().encode(text),
    )
    return `2.${this.#keyId}.${toBase64(iv)}.${toBase64(new Uint8Array(sealed))}`
  }

  #openCbc(iv: string, sealed: string): Promise<string> {
    return opened(() => crypto.subtle.decrypt({ name: 'AES-CBC', iv: fromBase64(iv) }, this.#cbc, fromBase64(sealed)))
  }

  #openGcm(iv: string, sealed: string, context: EnvelopeContext): Promise<string> {
    return opened(() =>
      crypto.subtle.decrypt({ name: 'AES-GCM', iv: fromBase64(iv), additionalData: bound(context) }, this.#gcm, fromBase64(sealed)),
    )
  }
}

/** A new key, made where it is called and sent nowhere. */
export function generateKey(): string {
  return toBase64(crypto.getRandomValues(new Uint8Array(32)))
}

async function opened(decrypt: () => Promise<ArrayBuffer>): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await decrypt())
  } catch (error) {
    throw new EnvelopeError('wrong-key', 'The message was sealed with another key, or changed on its way', { cause: error })
  }
}

function readKey(key: string): Uint8Array<ArrayBuffer> {
  try {
    const bytes = fromBase64(key.trim())
    if (bytes.length === 32) return bytes
  } catch {
    // Falls through to the one message for all bad keys.
  }
  throw new EnvelopeError('bad-key', 'The key must be 32 bytes in Base64')
}

function bound({ topic, messageId, timestamp }: EnvelopeContext): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${topic}\n${messageId}\n${timestamp}`)
}

export async function sha256(text: string): Promise<string> {
  return hex(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
}

function hex(bytes: ArrayBuffer): string {
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

function toBase64(bytes: Uint8Array): string {
  let letters = ''
  for (const byte of bytes) letters += String.fromCharCode(byte)
  return btoa(letters)
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
}
