/** The session that a request names in its header, so that no secret stands in an address. */
import type { IncomingMessage } from 'node:http'

const bearerPattern = /^Bearer +([\w-]{36})$/i

export function bearerOf({ headers }: IncomingMessage): string | undefined {
  return bearerPattern.exec(headers.authorization ?? '')?.[1]
}
