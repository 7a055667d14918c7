/** What stands between a session and its tools, as a person types it and as the relay takes it. */
import type { CatalogueServer, SessionPolicy } from '../../../../server/relay/contract/index.ts'
import { limitOf, toolOfValue, valueOfTool, type ToolChoice } from '../session-form.ts'

type Policy = Pick<SessionPolicy, 'redact' | 'cap' | 'cache'>

export interface TypedBetween {
  kinds: Policy['redact']['kinds']
  /** Lines of `name = pattern`. */
  patterns: string
  /** Empty for no limit. */
  bytes: string
  tokens: string
  cached: string[]
  seconds: number
  shared: boolean
  free: boolean
}

export const redactions: readonly { value: Policy['redact']['kinds'][number]; label: string }[] = [
  { value: 'email', label: 'E-mail addresses' },
  { value: 'phone', label: 'Phone numbers' },
  { value: 'card', label: 'Card numbers' },
  { value: 'key', label: 'Keys and tokens' },
]

export function typedBetween(policy: Policy | null | undefined): TypedBetween {
  const { redact, cap, cache } = policy ?? {}
  return {
    kinds: [...(redact?.kinds ?? [])],
    patterns: (redact?.patterns ?? []).map(({ name, pattern }) => `${name} = ${pattern}`).join('\n'),
    bytes: String(cap?.bytes ?? ''),
    tokens: String(cap?.tokens ?? ''),
    cached: (cache?.tools ?? []).map(valueOfTool),
    seconds: cache?.seconds ?? 60,
    shared: cache?.shared ?? false,
    free: cache?.price !== 'full',
  }
}

/** Throws for a line without a name, and for a limit that is none. */
export function betweenOf({ kinds, patterns, bytes, tokens, cached, seconds, shared, free }: TypedBetween): Policy {
  return {
    redact: { kinds, patterns: patternsOf(patterns) },
    cap: { bytes: limitOf(String(bytes)), tokens: limitOf(String(tokens)) },
    cache: { tools: cached.map(toolOfValue), seconds, shared, price: free ? 'none' : 'full' },
  }
}

export function isAnything({ kinds, patterns, bytes, tokens, cached }: TypedBetween): boolean {
  return kinds.length > 0 || patterns.trim() !== '' || String(bytes) !== '' || String(tokens) !== '' || cached.length > 0
}

/** The name ends at the first sign, of which the pattern may have more. */
function patternsOf(text: string): Policy['redact']['patterns'] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const at = line.indexOf('=')
      const [name, pattern] = [line.slice(0, at).trim(), line.slice(at + 1).trim()]
      if (at === -1 || name === '' || pattern === '') throw new Error(`“${line.trim()}” is not name = pattern`)
      return { name, pattern }
    })
}

/** Tools that may be answered from memory: those that say that they change nothing. */
export function cacheable(servers: readonly Pick<CatalogueServer, 'id' | 'toolList'>[], choices: readonly ToolChoice[]): ToolChoice[] {
  const readers = new Set(
    servers.flatMap(({ id, toolList }) =>
      toolList.filter(({ readOnly }) => readOnly).map(({ name }) => valueOfTool({ upstream: id, name })),
    ),
  )
  return choices.filter(({ value }) => readers.has(value))
}
