/** Rules as they are edited: rows that keep their identity while they are moved. */
import type { AccessRuleInput } from '../../../../server/brokers/contract/index.ts'

export interface RuleRow extends AccessRuleInput {
  id: number
}

/** As the server takes them. */
export const mostRules = 200

let lastId = 0
export const rowOf = (rule: AccessRuleInput): RuleRow => ({ ...rule, id: (lastId += 1) })
export const rulesOf = (rows: readonly RuleRow[]): AccessRuleInput[] =>
  rows.map(({ action, permission, topic }) => ({ action, permission, topic: topic.trim() }))

/** What a client made without rules gets. */
export const everything: readonly AccessRuleInput[] = [{ action: 'both', permission: 'allow', topic: '#' }]

export const presets: readonly { label: string; rules: readonly AccessRuleInput[] }[] = [
  { label: 'Everything', rules: everything },
  { label: 'Only publish below its name', rules: [{ action: 'publish', permission: 'allow', topic: '%u/#' }] },
  { label: 'Only read', rules: [{ action: 'subscribe', permission: 'allow', topic: '#' }] },
]

/** The rows with one of them a place further up or down; as they were where it cannot go there. */
export function moved(rows: readonly RuleRow[], from: number, by: -1 | 1): RuleRow[] {
  const [row, other] = [rows[from], rows[from + by]]
  if (row === undefined || other === undefined) return [...rows]
  return rows.map((each, index) => (index === from ? other : index === from + by ? row : each))
}
