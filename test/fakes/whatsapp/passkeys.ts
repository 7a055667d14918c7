/**
 * The passkey that an account may ask for before it links a device: the server's and the phone's part, as far as whatsmeow's client lets
 * one know them.
 */
import { createDecipheriv, createHash, createHmac, createPublicKey, hkdfSync, randomBytes, verify } from 'node:crypto'
import { bytesToCrockford, Curve, proto, type BinaryNode, type KeyPair } from 'baileys'
import type { Account } from './accounts.ts'
import type { Connection } from './connection.ts'
import { bytes, child, children, node, refusal, result, server } from './nodes.ts'

export interface Passkey {
  id: Buffer
  /** SubjectPublicKeyInfo of an ES256 key, as `getPublicKey()` gives it. */
  publicKey: Buffer
}

export interface PasskeyDemandOptions {
  connection: Connection
  account: Account
  /** The ADV secret that the phone was handed in the ordinary way. */
  handedOver: Buffer
  /** The phone links the device, with this ADV secret. */
  link(adv: Uint8Array): void
}

export class PasskeyDemand {
  readonly number: string
  /** What the phone shows. */
  code: string | null = null
  readonly #options: PasskeyDemandOptions
  readonly #challenge = randomBytes(32).toString('base64url')
  readonly #ref = `2@${randomBytes(16).toString('base64')}`
  readonly #ephemeral: KeyPair = Curve.generateKeyPair()
  readonly #nonce = randomBytes(32)
  #prologue: { identity: Uint8Array; commitment: Uint8Array; companion: proto.CompanionEphemeralIdentity } | null = null

  constructor(options: PasskeyDemandOptions) {
    this.#options = options
    this.number = options.account.number
    const { connection } = options
    const wanted = {
      challenge: this.#challenge,
      timeout: 600_000,
      rpId: 'whatsapp.com',
      allowCredentials: [],
      userVerification: 'required',
      extensions: { uvm: true },
    }
    connection.send(
      node('notification', { from: server, type: 'passkey_prologue_request', id: connection.nextId() }, [
        node('passkey_request_options', {}, Buffer.from(JSON.stringify(wanted))),
      ]),
    )
  }

  /** True when the request was a step of the ceremony. */
  take(request: BinaryNode): boolean {
    const [step] = children(request)
    const { connection } = this.#options
    switch (step?.tag) {
      case 'ref':
        connection.send(result(request, [node('ref', {}, Buffer.from(this.#ref))]))
        return true
      case 'passkey_prologue':
        this.#takePrologue(request, step)
        return true
      case 'companion_nonce':
        this.#takeNonce(request, bytes(request, 'companion_nonce'))
        return true
      case 'encrypted_pairing_request':
        this.#takeRequest(request, bytes(request, 'encrypted_pairing_request'))
        return true
      default:
        return false
    }
  }

  #takePrologue(request: BinaryNode, step: BinaryNode): void {
    const { connection, account, handedOver } = this.#options
    const payload = bytes(step, 'prologue_payload')
    const { companionEphemeralIdentity: identity, commitment } = proto.ProloguePayload.decode(payload)
    const proofKey = Buffer.from(hkdfSync('sha256', handedOver, Buffer.alloc(0), 'shortcake-passkey-handoff-v1', 32))
    const proof = createHmac('sha256', proofKey).update(payload).digest()
    const isProven = child(step, 'pairing_handoff_proof') !== undefined && proof.equals(bytes(step, 'pairing_handoff_proof'))
    const holds =
      isProven &&
      account.passkey !== null &&
      this.#isAnswer(account.passkey, bytes(step, 'credential_id'), bytes(step, 'webauthn_assertion'))
    if (!holds || !identity || !commitment?.hash) return connection.send(refusal(request, 403, 'forbidden'))
    const companion = proto.CompanionEphemeralIdentity.decode(identity)
    if (companion.ref !== this.#ref) return connection.send(refusal(request, 400, 'bad-request'))
    this.#prologue = { identity, commitment: commitment.hash, companion }
    connection.send(result(request))
    const primary = proto.PrimaryEphemeralIdentity.encode({ publicKey: this.#ephemeral.public, nonce: this.#nonce }).finish()
    connection.send(
      node('notification', { from: server, type: 'crsc_continuation', id: connection.nextId() }, [
        node('primary_ephemeral_identity', {}, primary),
      ]),
    )
  }

  #takeNonce(request: BinaryNode, nonce: Uint8Array): void {
    const { connection } = this.#options
    const prologue = this.#prologue
    if (prologue === null || !createHash('sha256').update(prologue.identity).update(nonce).digest().equals(prologue.commitment))
      return connection.send(refusal(request, 400, 'bad-request'))
    const digest = createHash('sha256').update(nonce).update(this.#ephemeral.public).digest()
    this.code = bytesToCrockford(Buffer.from(Array.from({ length: 5 }, (_, index) => (this.#nonce[index] ?? 0) ^ (digest[index] ?? 0))))
    connection.send(result(request))
  }

  #takeRequest(request: BinaryNode, wrapped: Uint8Array): void {
    const { connection, link } = this.#options
    const { publicKey, deviceType } = this.#prologue?.companion ?? {}
    const { encryptedPayload, iv } = proto.EncryptedPairingRequest.decode(wrapped)
    if (this.code === null || !publicKey || !encryptedPayload || !iv) return connection.send(refusal(request, 400, 'bad-request'))
    const shared = Curve.sharedKey(this.#ephemeral.private, publicKey)
    const key = Buffer.from(
      hkdfSync(
        'sha256',
        shared,
        Buffer.from(`Companion Pairing ${deviceType} with ref ${this.#ref}`),
        'Pairing Information Encryption Key',
        32,
      ),
    )
    const decipher = createDecipheriv('aes-256-gcm', key, iv).setAuthTag(encryptedPayload.subarray(-16))
    const { advSecret } = proto.PairingRequest.decode(Buffer.concat([decipher.update(encryptedPayload.subarray(0, -16)), decipher.final()]))
    connection.send(result(request))
    link(advSecret ?? new Uint8Array())
  }

  /** What a relying party checks of an assertion. */
  #isAnswer(passkey: Passkey, id: Uint8Array, json: Uint8Array): boolean {
    const { response } = JSON.parse(Buffer.from(json).toString()) as {
      response: { authenticatorData: string; clientDataJSON: string; signature: string }
    } // a browser's own `toJSON()`
    const [authenticator, client, signature] = [response.authenticatorData, response.clientDataJSON, response.signature].map((text) =>
      Buffer.from(text, 'base64url'),
    )
    if (authenticator === undefined || client === undefined || signature === undefined || !passkey.id.equals(id)) return false
    const { type, challenge, origin } = JSON.parse(client.toString()) as Record<string, unknown> // the same
    const isOurs =
      type === 'webauthn.get' &&
      challenge === this.#challenge &&
      origin === 'https://web.whatsapp.com' &&
      authenticator.subarray(0, 32).equals(createHash('sha256').update('whatsapp.com').digest())
    const isVerified = ((authenticator[32] ?? 0) & 0b101) === 0b101
    const signed = Buffer.concat([authenticator, createHash('sha256').update(client).digest()])
    return (
      isOurs && isVerified && verify('sha256', signed, createPublicKey({ key: passkey.publicKey, format: 'der', type: 'spki' }), signature)
    )
  }
}
