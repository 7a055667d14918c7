/** Changes of credits as a person types and reads them. */
import type { CreditChange } from '../../../../server/control/contract/index.ts'
import type { Body } from '../../../api/api.ts'

export type OrderKind = 'add' | 'take' | 'set'

export function orderOf(kind: OrderKind, amount: number, reason: string, idempotencyKey: string): Body<'control', 'changeCredits'> {
  if (!Number.isInteger(amount) || amount < (kind === 'set' ? 0 : 1)) throw new Error('Credits are a whole number')
  return { [kind]: amount, reason: reason.trim(), idempotencyKey }
}

/** Why it was done; the kind where nobody said. */
export function changeText({ kind, reason }: Pick<CreditChange, 'kind' | 'reason'>): string {
  if (reason !== null) return reason
  return { opening: 'Began with', add: 'Added', take: 'Taken', set: 'Set without a word' }[kind]
}
