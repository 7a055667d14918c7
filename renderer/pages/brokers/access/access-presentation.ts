/** How named clients and their rules read. */
import type { AccessRuleInput, NamedClientView } from '../../../../server/brokers/contract/index.ts'
import { wholeNumber } from '../../../presentation/format.ts'
import type { StatePresentation } from '../../../presentation/tone.ts'
import { words } from '../../../presentation/words.ts'

export function namedClientPresentation({ connections, lastSeenAt }: NamedClientView): StatePresentation {
  const { connected, away, never } = words.states.namedClients
  if (connections > 1) return { tone: 'good', shape: 'filled', label: `${connected} (${wholeNumber(connections)})` }
  if (connections === 1) return { tone: 'good', shape: 'filled', label: connected }
  return { tone: 'off', shape: 'hollow', label: lastSeenAt === null ? never : away }
}

const actionWords: Readonly<Record<AccessRuleInput['action'], string>> = { publish: 'publish', subscribe: 'read', both: 'publish/read' }

/** `publish a/#`, `no read b`, `publish/read c`. */
export const ruleText = ({ action, permission, topic }: AccessRuleInput): string =>
  `${permission === 'deny' ? 'no ' : ''}${actionWords[action]} ${topic}`

/** The first rules, and how many more there are. */
export function rulesText(rules: readonly AccessRuleInput[]): string {
  if (rules.length === 0) return 'may do nothing'
  const shown = rules.slice(0, 3).map(ruleText).join(', ')
  return rules.length > 3 ? `${shown} and ${wholeNumber(rules.length - 3)} more` : shown
}

/** What goes with a client that is revoked. */
export function revokeText({ connections, credential }: NamedClientView): string {
  const ended = connections === 0 ? '' : connections === 1 ? 'Its connection ends. ' : `Its ${wholeNumber(connections)} connections end. `
  return `${ended}Its ${credential} opens nothing any more, and its queues are deleted with all that waits in them.`
}
