/** A listener's openness for guard tests, changed at will. */
import type { Doorway } from '../../server/http/guards.ts'

export function fakeDoorway(open: { exposed?: boolean; insecureNoKey?: boolean; host?: string; prefix?: string } = {}): Doorway {
  return {
    exposed: () => open.exposed ?? false,
    insecureNoKey: () => open.insecureNoKey ?? false,
    host: () => open.host ?? '127.0.0.1',
    prefix: open.prefix ?? '',
  }
}
