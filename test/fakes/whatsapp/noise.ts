/** The server's side of the Noise XX handshake and the encrypted frames after it, under a root key of our own. */
import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto'
import { Curve, NOISE_MODE, NOISE_WA_HEADER, proto, WA_CERT_DETAILS, type KeyPair } from 'baileys'

export interface ServerIdentity {
  root: KeyPair
  intermediate: KeyPair
  noise: KeyPair
  /** Encoded `CertChain`, sent to each client. */
  certificate: Uint8Array
}

export function createServerIdentity(): ServerIdentity {
  const [root, intermediate, noise] = [Curve.generateKeyPair(), Curve.generateKeyPair(), Curve.generateKeyPair()]
  const signed = (key: KeyPair, issuer: KeyPair, serial: number, issuerSerial: number) => {
    const details = proto.CertChain.NoiseCertificate.Details.encode({
      serial,
      issuerSerial,
      key: key.public,
      notBefore: 0,
      notAfter: 4_000_000_000,
    }).finish()
    return { details, signature: Curve.sign(issuer.private, details) }
  }
  const certificate = proto.CertChain.encode({
    leaf: signed(noise, intermediate, 2, 1),
    intermediate: signed(intermediate, root, 1, WA_CERT_DETAILS.SERIAL),
  }).finish()
  return { root, intermediate, noise, certificate }
}

/** Makes the library of this process, or another version of it, take the double's certificate, as it takes WhatsApp's. */
export function trust({ root }: ServerIdentity, library: Pick<typeof import('baileys'), 'WA_CERT_DETAILS'> = { WA_CERT_DETAILS }): void {
  library.WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(root.public)
}

/** One connection's cipher: hand in client frames until `hello` and `finish` have been answered, then seal and open. */
export class NoiseResponder {
  readonly #identity: ServerIdentity
  readonly #ephemeral = Curve.generateKeyPair()
  #hash: Buffer = Buffer.from(NOISE_MODE)
  #salt: Buffer = Buffer.from(NOISE_MODE)
  #key: Buffer = Buffer.from(NOISE_MODE)
  #counter = 0
  #reading: { key: Buffer; counter: number } = { key: Buffer.alloc(0), counter: 0 }
  #writing: { key: Buffer; counter: number } = { key: Buffer.alloc(0), counter: 0 }

  constructor(identity: ServerIdentity) {
    this.#identity = identity
  }

  /** Answers the client's hello with our keys and certificate. */
  hello(frame: Uint8Array): Uint8Array {
    const ephemeral = required(proto.HandshakeMessage.decode(frame).clientHello?.ephemeral, 'client ephemeral key')
    this.#mixHash(NOISE_WA_HEADER)
    this.#mixHash(ephemeral)
    this.#mixHash(this.#ephemeral.public)
    this.#mixKey(Curve.sharedKey(this.#ephemeral.private, ephemeral))
    const fixed = this.#encrypt(this.#identity.noise.public)
    this.#mixKey(Curve.sharedKey(this.#identity.noise.private, ephemeral))
    const payload = this.#encrypt(this.#identity.certificate)
    return proto.HandshakeMessage.encode({ serverHello: { ephemeral: this.#ephemeral.public, static: fixed, payload } }).finish()
  }

  /** Reads who the client is; afterwards frames can be sealed and opened. */
  finish(frame: Uint8Array): { noiseKey: Buffer; payload: proto.ClientPayload } {
    const { clientFinish } = proto.HandshakeMessage.decode(frame)
    const noiseKey = this.#decrypt(required(clientFinish?.static, 'client key'))
    this.#mixKey(Curve.sharedKey(this.#ephemeral.private, noiseKey))
    const payload = proto.ClientPayload.decode(this.#decrypt(required(clientFinish?.payload, 'client payload')))
    const [first, second] = this.#derive(Buffer.alloc(0))
    // The client writes with the first half.
    this.#reading = { key: first, counter: 0 }
    this.#writing = { key: second, counter: 0 }
    return { noiseKey, payload }
  }

  seal(plain: Uint8Array): Buffer {
    return seal(plain, this.#writing.key, this.#writing.counter++, Buffer.alloc(0))
  }

  open(sealed: Uint8Array): Buffer {
    return open(sealed, this.#reading.key, this.#reading.counter++, Buffer.alloc(0))
  }

  #encrypt(plain: Uint8Array): Buffer {
    const sealed = seal(plain, this.#key, this.#counter++, this.#hash)
    this.#mixHash(sealed)
    return sealed
  }

  #decrypt(sealed: Uint8Array): Buffer {
    const plain = open(sealed, this.#key, this.#counter++, this.#hash)
    this.#mixHash(sealed)
    return plain
  }

  #mixHash(data: Uint8Array): void {
    this.#hash = createHash('sha256').update(this.#hash).update(data).digest()
  }

  #mixKey(secret: Uint8Array): void {
    ;[this.#salt, this.#key] = this.#derive(secret)
    this.#counter = 0
  }

  #derive(secret: Uint8Array): [Buffer, Buffer] {
    const derived = Buffer.from(hkdfSync('sha256', secret, this.#salt, Buffer.alloc(0), 64))
    return [derived.subarray(0, 32), derived.subarray(32)]
  }
}

function nonce(counter: number): Buffer {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt32BE(counter, 8)
  return bytes
}

function seal(plain: Uint8Array, key: Buffer, counter: number, aad: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce(counter)).setAAD(aad)
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

function open(sealed: Uint8Array, key: Buffer, counter: number, aad: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce(counter)).setAAD(aad)
  decipher.setAuthTag(sealed.subarray(-16))
  return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()])
}

function required(value: Uint8Array | null | undefined, what: string): Uint8Array {
  if (value === null || value === undefined) throw new Error(`the handshake has no ${what}`)
  return value
}
