/** The signature of the Standard Webhooks specification. */
import { createHmac } from 'node:crypto'

export interface Signed {
  id: string
  /** Unix seconds. */
  timestamp: number
  body: string
  /** `whsec_` and base64. */
  secret: string
}

export function signature({ id, timestamp, body, secret }: Signed): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
}
