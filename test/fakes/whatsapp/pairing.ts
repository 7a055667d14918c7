/** Linking a device to a phone's account, by code or by QR, as the phone and the server do it together. */
import { createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { Curve, proto, type BinaryNode, type KeyPair } from 'baileys'
import type { Account, Accounts, Device } from './accounts.ts'
import type { Connection, Greeting } from './connection.ts'
import { bytes, child, node, refusal, result, seconds, server } from './nodes.ts'
import { openBundle, unwrap, wrap } from './pairing-codes.ts'
import { PasskeyDemand } from './passkeys.ts'

/** A client without an account, waiting to be linked. */
interface Candidate {
  connection: Connection
  noiseKey: Buffer
  identity: Uint8Array
  registration: Uint8Array
  refs: string[]
  hello: { number: string; ref: string; wrapped: Uint8Array } | null
  attempt: { account: Account; ephemeral: KeyPair; companion: Uint8Array; done(outcome: PairingOutcome): void } | null
  linked: { device: Device; done(outcome: PairingOutcome): void } | null
  passkey: PasskeyDemand | null
  /** The ADV secrets in QR codes that the server no longer takes. */
  retired: Set<string>
}

/** `retired-code`: the phone says that it could not link the device. */
export type PairingOutcome = 'linked' | 'wrong-code' | 'passkey-demanded' | 'retired-code'

export class Pairing {
  readonly #accounts: Accounts
  readonly #candidates = new Map<Connection, Candidate>()
  /** Answers requests for a code with this error; 0 for none. */
  refuseWith = 0
  /** The code with which the connection ends over which a device was linked; with another than 515 the phone has taken it back at once. */
  endsWith = '515'
  /** Numbers whose account wants a passkey before it links a device. */
  readonly passkeyNumbers = new Set<string>()
  /** The codes that the phones show in a passkey ceremony, by number. */
  passkeyCode(number: string): string | null {
    const found = [...this.#candidates.values()].find(({ passkey }) => passkey?.number === number)
    return found?.passkey?.code ?? null
  }

  constructor(accounts: Accounts) {
    this.#accounts = accounts
  }

  /** A client that has no account yet is handed the references of its QR codes. */
  greet(connection: Connection, { noiseKey, payload }: Greeting): void {
    const data = payload.devicePairingData
    if (!data?.eIdent || !data.eRegid) throw new Error('a registration without keys')
    const refs = Array.from({ length: 6 }, () => `2@${randomBytes(24).toString('base64')}`)
    this.#candidates.set(connection, {
      connection,
      noiseKey,
      identity: data.eIdent,
      registration: data.eRegid,
      refs,
      hello: null,
      attempt: null,
      linked: null,
      passkey: null,
      retired: new Set(),
    })
    connection.send(
      node('iq', { from: server, type: 'set', id: connection.nextId(), xmlns: 'md' }, [
        node(
          'pair-device',
          {},
          refs.map((ref) => node('ref', {}, Buffer.from(ref))),
        ),
      ]),
    )
  }

  forget(connection: Connection): void {
    this.#candidates.delete(connection)
  }

  /** Numbers that wait for somebody to type their code. */
  waitingNumbers(): string[] {
    return [...this.#candidates.values()].flatMap(({ hello, linked }) => (hello === null || linked !== null ? [] : [hello.number]))
  }

  /** Takes the two steps of a code from the client; true when the node was one of them. */
  take(connection: Connection, request: BinaryNode): boolean {
    const candidate = this.#candidates.get(connection)
    const registration = child(request, 'link_code_companion_reg')
    if (candidate?.passkey != null && candidate.passkey.take(request)) return true
    if (candidate === undefined || registration === undefined) return false
    if (registration.attrs['stage'] === 'companion_hello') this.#hello(candidate, request, registration)
    else this.#finish(candidate, request, registration)
    return true
  }

  /** The client has signed its device: it is linked, and is told to come back as such. */
  signed(connection: Connection, answer: BinaryNode): boolean {
    const candidate = this.#candidates.get(connection)
    if (candidate?.linked == null || child(answer, 'pair-device-sign') === undefined) return false
    const { device, done } = candidate.linked
    if (this.endsWith === '515') device.account.devices.set(device.id, device)
    this.#candidates.delete(connection)
    connection.send(node('stream:error', { code: this.endsWith }))
    connection.close()
    done('linked')
    return true
  }

  /** Somebody types a code on the phone with this number. */
  async enterCode(number: string, code: string): Promise<PairingOutcome> {
    const candidate = [...this.#candidates.values()].find(({ hello }) => hello?.number === number)
    if (candidate?.hello == null) throw new Error(`nobody waits for a code of ${number}`)
    const { ref, wrapped } = candidate.hello
    const account = this.#accounts.of(number)
    const ephemeral = Curve.generateKeyPair()
    const companion = unwrap(wrapped, code)
    const outcome = new Promise<PairingOutcome>((done) => (candidate.attempt = { account, ephemeral, companion, done }))
    candidate.connection.send(
      node('notification', { from: server, type: 'link_code_companion_reg', id: candidate.connection.nextId() }, [
        node('link_code_companion_reg', { stage: 'primary_hello' }, [
          node('link_code_pairing_wrapped_primary_ephemeral_pub', {}, wrap(ephemeral.public, code)),
          node('primary_identity_pub', {}, account.identity.public),
          node('link_code_pairing_ref', {}, Buffer.from(ref)),
        ]),
      ]),
    )
    return outcome
  }

  /** Somebody scans the QR text with the phone of this number. */
  async scan(number: string, qr: string): Promise<PairingOutcome> {
    const { candidate, adv } = this.#shown(qr)
    if (candidate.retired.has(adv)) return 'retired-code'
    return new Promise((done) => this.#accept(candidate, this.#accounts.of(number), Buffer.from(adv, 'base64'), done))
  }

  /** The server retires what this QR text was made of: the client is to make a new secret and show the same reference with it. */
  retire(qr: string): void {
    const { candidate, adv } = this.#shown(qr)
    candidate.retired.add(adv)
    const { connection } = candidate
    connection.send(
      node('notification', { from: server, type: 'companion_reg_refresh', id: connection.nextId(), t: seconds() }, [
        node('companion_reg_refresh'),
      ]),
    )
  }

  /** The server retires the code that somebody is to type: the client is to ask for a new one. */
  retireCode(number: string): void {
    const candidate = [...this.#candidates.values()].find(({ hello }) => hello?.number === number)
    if (candidate?.hello == null) throw new Error(`nobody waits for a code of ${number}`)
    const { connection, hello } = candidate
    connection.send(
      node('notification', { from: server, type: 'link_code_companion_reg', id: connection.nextId(), t: seconds() }, [
        node('link_code_companion_reg', { stage: 'refresh_code', force_manual_refresh: 'true' }, [
          node('link_code_pairing_ref', {}, Buffer.from(hello.ref)),
        ]),
      ]),
    )
  }

  #shown(qr: string): { candidate: Candidate; adv: string } {
    const [ref = '', , , adv = ''] = (qr.split('#')[1] ?? qr).split(',')
    const candidate = [...this.#candidates.values()].find(({ refs }) => refs.includes(ref))
    if (candidate === undefined) throw new Error('the QR code is no longer good')
    return { candidate, adv }
  }

  #hello(candidate: Candidate, request: BinaryNode, registration: BinaryNode): void {
    if (this.refuseWith > 0) return candidate.connection.send(refusal(request, this.refuseWith, 'rate-overlimit'))
    const ref = randomBytes(16).toString('base64')
    const number = (registration.attrs['jid'] ?? '').split('@')[0] ?? ''
    candidate.hello = { number, ref, wrapped: bytes(registration, 'link_code_pairing_wrapped_companion_ephemeral_pub') }
    candidate.connection.send(
      result(request, [
        node('link_code_companion_reg', { stage: 'companion_hello' }, [node('link_code_pairing_ref', {}, Buffer.from(ref))]),
      ]),
    )
  }

  #finish(candidate: Candidate, request: BinaryNode, registration: BinaryNode): void {
    const { attempt } = candidate
    if (attempt === null) return candidate.connection.send(refusal(request, 400, 'bad-request'))
    candidate.attempt = null
    const shared = Curve.sharedKey(attempt.ephemeral.private, attempt.companion)
    const random = openBundle(bytes(registration, 'link_code_pairing_wrapped_key_bundle'), shared)?.subarray(64)
    if (random === undefined) {
      candidate.connection.send(refusal(request, 400, 'bad-request'))
      return attempt.done('wrong-code')
    }
    const identities = Curve.sharedKey(attempt.account.identity.private, candidate.identity)
    const adv = Buffer.from(hkdfSync('sha256', Buffer.concat([shared, identities, random]), Buffer.alloc(0), 'adv_secret', 32))
    candidate.connection.send(result(request))
    this.#accept(candidate, attempt.account, adv, attempt.done)
  }

  /** The phone has let the device in; some accounts are asked for more. */
  #accept(candidate: Candidate, account: Account, adv: Buffer, done: (outcome: PairingOutcome) => void): void {
    if (!this.passkeyNumbers.has(account.number)) return this.#link(candidate, account, adv, done)
    candidate.passkey = new PasskeyDemand({
      connection: candidate.connection,
      account,
      handedOver: adv,
      link: (secret) => this.#link(candidate, account, secret, () => {}),
    })
    done('passkey-demanded')
  }

  #link(candidate: Candidate, account: Account, adv: Uint8Array, done: (outcome: PairingOutcome) => void): void {
    account.lastDevice += 1
    const id = account.lastDevice
    const { connection, noiseKey, identity, registration } = candidate
    const device: Device = { account, id, noiseKey, identity, registration, signedPreKey: null, preKeys: [], waiting: [], connection: null }
    candidate.linked = { device, done }
    const details = proto.ADVDeviceIdentity.encode({ rawId: id, timestamp: Math.floor(Date.now() / 1_000), keyIndex: id }).finish()
    const accountSignature = Curve.sign(account.identity.private, Buffer.concat([Buffer.from([6, 0]), details, identity]))
    const signed = proto.ADVSignedDeviceIdentity.encode({
      details,
      accountSignatureKey: account.identity.public,
      accountSignature,
    }).finish()
    const identityNode = proto.ADVSignedDeviceIdentityHMAC.encode({
      details: signed,
      hmac: createHmac('sha256', adv).update(signed).digest(),
    }).finish()
    connection.send(
      node('iq', { from: server, type: 'set', id: connection.nextId(), xmlns: 'md' }, [
        node('pair-success', {}, [
          node('device-identity', {}, identityNode),
          node('device', { jid: `${account.number}:${id}@${server}`, lid: `${account.lid}:${id}@lid` }),
          node('platform', { name: 'android' }),
        ]),
      ]),
    )
  }
}
