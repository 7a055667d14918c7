/**
 * What becomes of a code and a QR while they are shown: WhatsApp retires them, and a person types a wrong one. The library knows nothing of
 * either, so both are looked for on the raw socket.
 */
import { randomBytes } from 'node:crypto'
import type { AuthenticationCreds, BinaryNode, WASocket } from 'baileys'
import type { EngineEvents } from '../engine.ts'

export interface ShownCodes {
  /** The text to show for one that the library has made: it goes on with the secret that it began with. */
  shown(text: string): string
}

export function watchCodes(
  socket: WASocket,
  creds: AuthenticationCreds,
  events: Pick<EngineEvents, 'qr' | 'codeRetired' | 'codeRefused'>,
  guarded: (work: () => void) => void,
): ShownCodes {
  /** As it was shown last; the secret in it is the one by which a scan is known. */
  let last: { text: string; secret: string } | null = null
  /** The phone has answered to a code, and whether it was the right one is not known yet. */
  let isBeingProven = false

  const show = (text: string): string => {
    last = { text: withSecret(text, creds.advSecretKey), secret: creds.advSecretKey }
    return last.text
  }

  socket.ws.on('CB:notification,type:companion_reg_refresh', () =>
    guarded(() => {
      if (last === null || isBeingProven) return
      creds.advSecretKey = randomBytes(32).toString('base64')
      events.qr(show(last.text), { redrawn: true })
    }),
  )
  socket.ws.prependListener('CB:notification,type:link_code_companion_reg', ({ content }: BinaryNode) =>
    guarded(() => {
      const [about] = Array.isArray(content) ? content : []
      if (about?.attrs['stage'] === 'refresh_code') events.codeRetired()
      else isBeingProven = true
    }),
  )
  socket.ws.on('CB:iq', ({ attrs: { type } }: BinaryNode) =>
    guarded(() => {
      if (!isBeingProven || type !== 'error') return
      isBeingProven = false
      // The library has put the secret of the code that failed in the place of the one in the QR, which is still good.
      if (last !== null) creds.advSecretKey = last.secret
      events.codeRefused()
    }),
  )

  return { shown: show }
}

/** The fourth part of the text, behind the address that opens the app where there is one. */
function withSecret(text: string, secret: string): string {
  const start = text.indexOf('#') + 1
  const parts = text.slice(start).split(',')
  parts[3] = secret
  return text.slice(0, start) + parts.join(',')
}
