/**
 * How a device is linked over the library's socket: QR codes, the pairing code, and the passkey ceremony where the account asks for one.
 */
import type { AuthenticationCreds, BinaryNode, WASocket } from 'baileys'
import { inTime } from '../../../async/deadline.ts'
import type { Fault } from '../../../fault.ts'
import { BotFault } from '../../fault.ts'
import type { Connection, EngineEvents } from '../engine.ts'
import { pairingRefusalOf } from '../whatsapp-codes.ts'
import { watchCodes } from './codes.ts'
import { passkeyWords } from './errors.ts'
import { PasskeyCeremony } from './passkey.ts'

export interface PairingParts {
  library: typeof import('baileys')
  socket: WASocket
  creds: AuthenticationCreds
  events: Pick<EngineEvents, 'qr' | 'codeRetired' | 'codeRefused' | 'passkeyDemanded' | 'passkeyCode' | 'passkeyFailed'>
  /**
   * QR codes beyond WhatsApp's own for which the library is kept waiting, while a person answers a passkey; 0 when none is answered here.
   */
  moreQrs: number
  /** Runs what belongs to the connection, unless that is over. */
  guarded(work: () => void): void
  /** The last QR has been shown for its time. */
  onExpired(): void
}

export interface Pairing extends Pick<Connection, 'requestCode' | 'answerPasskey' | 'confirmPasskey'> {
  showQr(text: string): void
}

/** How many QR codes the server gives out for one connection; after the last one it ends. */
export const qrCodes = 6
/** Ms in which the server answers a request for a code; it says nothing when all is well and it is slow. */
const codeAnswer = 10_000

export function createPairing({ library, socket, creds, events, moreQrs, guarded, onExpired }: PairingParts): Pairing {
  let qrsShown = 0
  let isAskedForPasskey = false
  const codes = watchCodes(socket, creds, events, guarded)

  if (moreQrs > 0) {
    // The library ends a connection whose QR codes are used up, a passkey or not. Its own listener has begun and waits for a write, so it
    // reads the list when this one is through.
    socket.ws.on('CB:iq,type:set,pair-device', ({ content }: BinaryNode) => {
      const [device] = Array.isArray(content) ? content : []
      const refs = Array.isArray(device?.content) ? device.content : []
      const last = refs.at(-1)
      if (last !== undefined) refs.push(...Array.from({ length: moreQrs }, () => last))
    })
  }

  const query = async (type: 'get' | 'set', content: BinaryNode): Promise<BinaryNode> => {
    const answer: unknown = await socket.query({
      tag: 'iq',
      attrs: { to: 's.whatsapp.net', type, xmlns: 'md', id: socket.generateMessageTag() },
      content: [content],
    })
    return answer as BinaryNode // the library's own type for it is any
  }
  const ceremony = new PasskeyCeremony(library, { query }, creds, () => performance.now())
  const attend = (work: Promise<void>): void =>
    void work.catch((error: unknown) => guarded(() => events.passkeyFailed(passkeyWords(error))))
  socket.ws.on('CB:notification,type:passkey_prologue_request', (notification: BinaryNode) =>
    guarded(() => {
      // Nothing is sent to a server that asks for it, unless the owner wants it so.
      if (moreQrs === 0) return events.passkeyDemanded('')
      isAskedForPasskey = true
      attend(ceremony.begin(notification).then((options) => guarded(() => events.passkeyDemanded(options))))
    }),
  )
  socket.ws.on('CB:notification,type:crsc_continuation', (notification: BinaryNode) =>
    guarded(() =>
      attend(ceremony.goOn(notification).then(({ code, mustConfirm }) => guarded(() => events.passkeyCode(code, mustConfirm)))),
    ),
  )

  return {
    showQr(text) {
      qrsShown += 1
      // Those that were added above are no codes; they only keep the library waiting while a person answers.
      if (qrsShown <= qrCodes) events.qr(codes.shown(text))
      else if (!isAskedForPasskey) onExpired()
    },
    requestCode: (number) => requestCode(socket, number),
    answerPasskey: (assertion) => ceremony.answer(assertion).catch(refusePasskey),
    confirmPasskey: () => ceremony.confirm().catch(refusePasskey),
  }
}

/** The library does not wait for the answer, so a refusal would go unseen: it is looked for on the raw socket. */
async function requestCode(socket: WASocket, number: string): Promise<string> {
  const answer = Promise.withResolvers<BinaryNode>()
  const hear = (node: BinaryNode): void => {
    if (node.tag === 'iq' && (node.attrs['type'] === 'error' || hasCodeReference(node))) answer.resolve(node)
  }
  socket.ws.on('CB:iq', hear)
  const answered = inTime(codeAnswer, answer.promise, silence)
  answered.catch(() => {})
  try {
    const code = await socket.requestPairingCode(number)
    const node = await answered
    if (node.attrs['type'] === 'error') throw pairingRefusalOf(errorCode(node))
    return code
  } finally {
    socket.ws.off('CB:iq', hear)
  }
}

function silence(): Fault {
  return new BotFault('pairing-refused', 'WhatsApp did not answer the request for a pairing code', { code: 408 })
}

function hasCodeReference(node: BinaryNode): boolean {
  return Array.isArray(node.content) && node.content.some(({ tag }) => tag === 'link_code_companion_reg')
}

function errorCode(node: BinaryNode): number {
  const error = Array.isArray(node.content) ? node.content.find(({ tag }) => tag === 'error') : undefined
  return Number(error?.attrs['code'] ?? 500)
}

function refusePasskey(error: unknown): never {
  throw new BotFault('passkey-failed', passkeyWords(error))
}
