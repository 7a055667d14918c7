/** The pretend phone of the demo: a protocol double on this machine that types a code or scans a QR when asked to. */
import { BotFault } from '../fault.ts'

export interface Demo {
  /** What came of it: `linked`, `wrong-code` or `passkey-demanded`. */
  link(wanted: { phoneNumber: string; code?: string | undefined; qr?: string | undefined }): Promise<string>
}

/** null for the real WhatsApp, and for every server that is not on this machine. */
export function demoOf(whatsappUrl: string | null): Demo | null {
  if (whatsappUrl === null) return null
  const url = new URL(whatsappUrl)
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname)) return null
  return {
    async link(wanted) {
      const answer = await fetch(`http://${url.host}/phone`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(wanted),
        signal: AbortSignal.timeout(10_000),
      })
      const text = await answer.text()
      if (!answer.ok) throw new BotFault('demo-refused', text || 'The pretend phone did not answer')
      return text
    },
  }
}
