/** A listener's openness for guard tests, changed at will. */
import type { Exposure } from '../../server/http/guards.ts'

export function fakeExposure(open: { exposed?: boolean; insecureNoKey?: boolean; host?: string; prefix?: string } = {}): Exposure {
  return {
    beyondLoopback: () => open.exposed ?? false,
    insecureNoKey: () => open.insecureNoKey ?? false,
    host: () => open.host ?? '127.0.0.1',
    prefix: open.prefix ?? '',
  }
}
