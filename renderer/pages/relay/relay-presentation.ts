/** How the relay's states and addresses read. */
import type { CatalogueServer, RelayCall, RelaySession } from '../../../server/relay/contract/index.ts'
import type { StatePresentation } from '../../presentation/tone.ts'
import { words } from '../../presentation/words.ts'

export function serverPresentation({ state, progress }: Pick<CatalogueServer, 'state' | 'progress'>): StatePresentation {
  switch (state) {
    case 'ready':
      return { tone: 'good', shape: 'filled', label: words.states.servers.ready }
    case 'starting':
      return {
        ...{ tone: 'busy', shape: 'halo' },
        label: words.states.servers[progress?.phase === 'finding' || progress?.phase === 'downloading' ? 'installing' : 'starting'],
      }
    case 'retrying':
      return { tone: 'attention', shape: 'halo', label: words.states.servers.retrying }
    case 'signed-out':
      return { tone: 'attention', shape: 'filled', label: words.states.servers['signed-out'] }
    case 'failed':
      return { tone: 'bad', shape: 'filled', label: words.states.servers.failed }
    case 'locked':
      return { tone: 'bad', shape: 'hollow', label: words.states.servers.locked }
    case 'disabled':
      return { tone: 'off', shape: 'hollow', label: words.states.servers.disabled }
  }
}

export function sessionPresentation({ expiresAt }: Pick<RelaySession, 'expiresAt'>, now: number): StatePresentation {
  return Date.parse(expiresAt) > now
    ? { tone: 'good', shape: 'filled', label: words.states.relaySessions.active }
    : { tone: 'off', shape: 'hollow', label: words.states.relaySessions.expired }
}

export function callPresentation({ state }: Pick<RelayCall, 'state'>): StatePresentation {
  return state === 'succeeded'
    ? { tone: 'good', shape: 'filled', label: words.states.calls.succeeded }
    : { tone: 'bad', shape: 'filled', label: words.states.calls[state] }
}

/** `1 cr`, or the status of a refusal. */
export function priceOf({ state, credits, error }: Pick<RelayCall, 'state' | 'credits' | 'error'>): string {
  return state !== 'refused' ? `${credits} cr` : error === 'rate' ? '429' : '402'
}

/** What became of the credits that were held for a call. */
export function settledText({ state, price, credits }: Pick<RelayCall, 'state' | 'price' | 'credits'>): string {
  if (state === 'refused') return 'Nothing reserved'
  if (price === 0) return 'Free'
  return credits === 0 ? `Reserved ${price} cr, released` : `Reserved ${price} cr, settled ${credits} cr`
}

/** Programs that fetch a server tell more of it than that it speaks over standard streams. */
export function kindOf({ transport, command }: Pick<CatalogueServer, 'transport' | 'command'>): string {
  const program =
    command
      ?.split(/[\\/]/)
      .at(-1)
      ?.replace(/\.(?:cmd|exe)$/i, '') ?? ''
  return transport === 'stdio' && /^(?:npx|uvx|docker|podman)$/.test(program) ? program : transport
}

/** What a server is reached by, in one line. */
export function whereOf({ transport, command, args, url }: Pick<CatalogueServer, 'transport' | 'command' | 'args' | 'url'>): string {
  if (transport === 'built-in') return 'This program'
  return transport === 'stdio' ? [command?.split(/[\\/]/).at(-1), ...args.map(shortPath)].join(' ') : (url ?? '')
}

/** `1.1 ms`, `91 ms`, `21.5 s`. */
export function milliseconds(value: number): string {
  if (value >= 10_000) return `${(value / 1_000).toFixed(1)} s`
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`
}

/** JSON laid out for reading; other text as it is. */
export function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

/** The end of a long path, which tells programs apart; its beginning is the same for all. */
function shortPath(text: string): string {
  const parts = text.split('/')
  return text.startsWith('/') && parts.length > 5 ? `…/${parts.slice(-3).join('/')}` : text
}
