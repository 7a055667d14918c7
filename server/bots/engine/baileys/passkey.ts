/**
 * The passkey ceremony that some accounts ask for before they link a device. The library has the message types and no more, so the steps
 * are taken here, on its raw socket:
 *
 * 1. `passkey_prologue_request` brings WebAuthn options; a person answers them in a real browser.
 * 2. A `ref` is fetched, and the assertion sent with a commitment to our nonce, and a proof that it was we whom the phone has just let in.
 * 3. `crsc_continuation` brings the phone's ephemeral key and nonce; we show our nonce, and both sides can show the same eight characters.
 * 4. Our keys and a new ADV secret go to the phone under the agreed key; the usual `pair-success` follows, made with that secret.
 *
 * The order and the derivations are those of whatsmeow's public implementation; nothing here was tried on the real service.
 */
import { createCipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import type { AuthenticationCreds, BinaryNode, KeyPair } from 'baileys'
import { BotFault } from '../../fault.ts'

export interface PasskeySocket {
  /** Sends an iq and resolves with its answer; rejects with the server's error. */
  query(type: 'get' | 'set', content: BinaryNode): Promise<BinaryNode>
}

export interface PasskeyCode {
  /** Eight characters, which the phone shows as well. */
  code: string
  /** False when the phone already knows us by the proof, and asks its person nothing. */
  mustConfirm: boolean
}

type Library = Pick<typeof import('baileys'), 'Curve' | 'proto' | 'bytesToCrockford'>

/** Ms for which the phone takes the proof that it has just let this device in. */
const proofLife = 5 * 60_000

export class PasskeyCeremony {
  readonly #library: Library
  readonly #socket: PasskeySocket
  readonly #creds: AuthenticationCreds
  readonly #now: () => number
  /** From the ADV secret of the link that was begun. */
  #proofKey: { key: Buffer; madeAt: number } | null = null
  #secrets: { ephemeral: KeyPair; nonce: Buffer; ref: string; encryptionKey: Buffer | null; isProven: boolean } | null = null

  constructor(library: Library, socket: PasskeySocket, creds: AuthenticationCreds, now: () => number) {
    this.#library = library
    this.#socket = socket
    this.#creds = creds
    this.#now = now
  }

  /** The options for the browser, as JSON. Throws `passkey-failed`. */
  async begin(notification: BinaryNode): Promise<string> {
    const options =
      childBytes(notification, 'passkey_request_options') ??
      childBytes(await this.#socket.query('get', node('passkey_request_options')), 'passkey_request_options')
    if (options === undefined) throw new BotFault('passkey-failed', 'WhatsApp asked for a passkey and did not say how')
    this.#proofKey = {
      key: derive(Buffer.from(this.#creds.advSecretKey, 'base64'), Buffer.alloc(0), 'shortcake-passkey-handoff-v1'),
      madeAt: this.#now(),
    }
    // What the phone was given for the ordinary way must not link anything any more.
    this.#creds.advSecretKey = randomBytes(32).toString('base64')
    return Buffer.from(options).toString('utf8')
  }

  /** `assertion` is the credential's `toJSON()`. */
  async answer(assertion: string): Promise<void> {
    const { proto, Curve } = this.#library
    const ref = childBytes(await this.#socket.query('get', node('ref')), 'ref')
    if (ref === undefined) throw new BotFault('passkey-failed', 'WhatsApp gave no reference for the passkey')
    const secrets = {
      ephemeral: Curve.generateKeyPair(),
      nonce: randomBytes(32),
      ref: Buffer.from(ref).toString('utf8'),
      encryptionKey: null,
      isProven: false,
    }
    const identity = Buffer.from(
      proto.CompanionEphemeralIdentity.encode({
        publicKey: secrets.ephemeral.public,
        deviceType: this.#deviceType,
        ref: secrets.ref,
      }).finish(),
    )
    const hash = createHash('sha256').update(identity).update(secrets.nonce).digest()
    const payload = Buffer.from(proto.ProloguePayload.encode({ companionEphemeralIdentity: identity, commitment: { hash } }).finish())
    const proofKey = this.#proofKey
    const isProven = proofKey !== null && this.#now() - proofKey.madeAt < proofLife
    this.#secrets = { ...secrets, isProven }
    await this.#socket.query(
      'set',
      node('passkey_prologue', [
        node('credential_id', credentialId(assertion)),
        node('webauthn_assertion', Buffer.from(assertion)),
        node('prologue_payload', payload),
        ...(isProven ? [node('pairing_handoff_proof', createHmac('sha256', proofKey.key).update(payload).digest())] : []),
      ]),
    )
    this.#proofKey = null
  }

  /** The phone's half has come: ours is shown. */
  async goOn(notification: BinaryNode): Promise<PasskeyCode> {
    const secrets = this.#secrets
    const bytes = childBytes(notification, 'primary_ephemeral_identity')
    if (secrets === null || bytes === undefined)
      throw new BotFault('passkey-failed', 'WhatsApp went on with a passkey that was not answered')
    const primary = this.#library.proto.PrimaryEphemeralIdentity.decode(bytes)
    const [key, nonce] = [primary.publicKey, primary.nonce]
    if (key?.length !== 32 || nonce?.length !== 32)
      throw new BotFault('passkey-failed', 'The phone’s half of the passkey has the wrong length')
    const shared = this.#library.Curve.sharedKey(secrets.ephemeral.private, key)
    await this.#socket.query('set', node('companion_nonce', secrets.nonce))
    secrets.encryptionKey = derive(
      shared,
      Buffer.from(`Companion Pairing ${this.#deviceType} with ref ${secrets.ref}`),
      'Pairing Information Encryption Key',
    )
    const digest = createHash('sha256').update(secrets.nonce).update(key).digest()
    const code = this.#library.bytesToCrockford(
      Buffer.from(Array.from({ length: 5 }, (_, index) => (nonce[index] ?? 0) ^ (digest[index] ?? 0))),
    )
    return { code, mustConfirm: !secrets.isProven }
  }

  /** Hands our keys over; the phone links the device then. */
  async confirm(): Promise<void> {
    const [secrets, creds] = [this.#secrets, this.#creds]
    if (secrets?.encryptionKey == null) throw new BotFault('passkey-failed', 'There is nothing to confirm yet')
    const { proto } = this.#library
    const request = proto.PairingRequest.encode({
      companionPublicKey: creds.noiseKey.public,
      companionIdentityKey: creds.signedIdentityKey.public,
      advSecret: Buffer.from(creds.advSecretKey, 'base64'),
    }).finish()
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', secrets.encryptionKey, iv)
    const encryptedPayload = Buffer.concat([cipher.update(request), cipher.final(), cipher.getAuthTag()])
    this.#secrets = null
    await this.#socket.query(
      'set',
      node('encrypted_pairing_request', Buffer.from(proto.EncryptedPairingRequest.encode({ encryptedPayload, iv }).finish())),
    )
  }

  get #deviceType(): number {
    return this.#library.proto.DeviceProps.PlatformType.CHROME
  }
}

function derive(secret: Uint8Array, salt: Uint8Array, info: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, info, 32))
}

function credentialId(assertion: string): Buffer {
  const parsed: unknown = JSON.parse(assertion)
  const id: unknown = typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, 'rawId') : undefined
  if (typeof id !== 'string' || id === '') throw new BotFault('passkey-failed', 'The browser gave no passkey')
  return Buffer.from(id, 'base64url')
}

function node(tag: string, content?: BinaryNode['content']): BinaryNode {
  return content === undefined ? { tag, attrs: {} } : { tag, attrs: {}, content }
}

function childBytes(parent: BinaryNode, tag: string): Uint8Array | undefined {
  const content = Array.isArray(parent.content) ? parent.content.find((child) => child.tag === tag)?.content : undefined
  return content instanceof Uint8Array ? content : undefined
}
