/** The log: JSON lines on stderr, since stdout carries nothing but the ready line. */
import { destination, pino, stdSerializers, type Level } from 'pino'

/** What the code may call; pino's methods, facts first, words second. */
export type Log = Record<'trace' | 'debug' | 'info' | 'warn' | 'error', (facts: object, message: string) => void> & {
  child(facts: object): Log
}

export function createLog(level: Level | 'silent'): Log {
  return pino(
    {
      level,
      base: null,
      // Without it an error is logged without its message, which is no enumerable property.
      serializers: { error: stdSerializers.errWithCause },
      // A second net under the rule that no secret is ever put into a log call.
      redact: {
        paths: ['*.password', '*.token', '*.secret', '*.key', '*.captcha_api_key', '*.authorization', '*.cookie'],
        censor: '[removed]',
      },
    },
    destination({ dest: 2, sync: true }),
  )
}
