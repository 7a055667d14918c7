/** Who uses the session, who waits for the person who drives it, and who looks on, in a line. */
import type { BrowserSession } from '../../../../server/browsers/contract/index.ts'

export interface People extends Pick<BrowserSession, 'leases'> {
  clients: readonly Pick<BrowserSession['clients'][number], 'kind' | 'name'>[]
  control: 'you' | 'other' | 'nobody'
}

const shown = 3

/** `billing-export waits · desk-2 watches`. */
export function peopleWords({ leases, clients, control }: People): string {
  const named = (kind: 'program' | 'view'): string[] => clients.filter((client) => client.kind === kind).map(({ name }) => name)
  const users = unique([...leases.map(({ holder }) => holder), ...named('program')])
  const parts =
    users.length === 0 ? [] : [`${list(users)} ${control === 'nobody' ? verb(users, 'uses it', 'use it') : verb(users, 'waits', 'wait')}`]
  const views = named('view')
  // One of the owner's own windows is this one.
  const others = views.filter((name) => name === 'owner').length - 1
  const watchers = [
    ...unique(views.filter((name) => name.startsWith('key:')).map((name) => name.slice(4))),
    ...(others > 0 ? [others === 1 ? 'another window' : `${others} other windows`] : []),
  ]
  if (watchers.length > 0) parts.push(`${list(watchers)} ${verb(watchers, others > 1 ? 'watch' : 'watches', 'watch')}`)
  if (parts.length > 0) return parts.join(' · ')
  return control === 'you' ? 'Click and type in the picture' : 'Scripts wait while you type'
}

const unique = (names: readonly string[]): string[] => [...new Set(names)]
const verb = (names: readonly string[], one: string, more: string): string => (names.length === 1 ? one : more)

function list(names: readonly string[]): string {
  return names.length <= shown ? names.join(', ') : `${names.slice(0, shown).join(', ')} and ${names.length - shown} more`
}
