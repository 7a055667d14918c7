/** Whether a message is one that a rule waits for, and why not. Pure. */
import { textMatcher, type TextMatcher } from '../../text-match.ts'
import type { BrokerMessage } from '../contract/messages.ts'
import type { RuleCondition } from '../contract/rules.ts'
import { fieldOf, type Content } from './content.ts'

export interface Outcome {
  /** Of the first pattern among the conditions, the whole first; null where the message does not match. */
  caught: readonly string[] | null
  /** The condition that does not hold, in words; null where all do. */
  reason: string | null
}

type Facts = Pick<BrokerMessage, 'topic' | 'publisher'>
/** Null where it holds; else why not. */
type Check = (content: Content, facts: Facts, catching: (parts: readonly string[]) => void) => string | null
export type Matcher = (content: Content, facts: Facts) => Outcome

type FieldCondition = Extract<RuleCondition, { of: 'field' }>
type LikeCondition = Exclude<RuleCondition, { of: 'field' }>

/** Letters that a pattern is given. */
const longestText = 65_536

/** Throws a `SyntaxError` in the pattern's own words when one is none. */
export async function matcherOf(conditions: readonly RuleCondition[]): Promise<Matcher> {
  const checks = await Promise.all(
    conditions.map(async (condition) =>
      condition.of === 'field' ? fieldCheck(condition) : likeCheck(condition, await textMatcher(condition)),
    ),
  )
  return (content, facts) => {
    let caught: readonly string[] | null = null
    for (const check of checks) {
      const reason = check(content, facts, (parts) => (caught ??= parts))
      if (reason !== null) return { caught: null, reason }
    }
    return { caught: caught ?? [], reason: null }
  }
}

const encrypted = 'The content is encrypted end to end: no condition on it can be read'

function likeCheck({ of, how, value }: LikeCondition, test: TextMatcher): Check {
  const what = { text: 'The content', topic: 'The topic', publisher: 'The publisher' }[of]
  const words = { contains: 'does not contain', equals: 'is not', starts: 'does not begin with', regex: 'does not fit' }[how]
  return (content, facts, catching) => {
    if (of === 'text' && content.isEncrypted) return encrypted
    const text = of === 'text' ? content.text : facts[of]
    if (text === null) return 'The content is bytes and no text'
    const caught = test(text.slice(0, longestText))
    if (caught === null) return `${what} ${words} “${value}”`
    if (how === 'regex') catching(caught)
    return null
  }
}

const comparisons: Readonly<Record<FieldCondition['is'], string>> = {
  equals: 'is not',
  not: 'is',
  greater: 'is not greater than',
  'at-least': 'is less than',
  less: 'is not less than',
  'at-most': 'is greater than',
  contains: 'does not contain',
  there: 'is missing',
  missing: 'is there',
}

function fieldCheck({ path, is, value = null }: FieldCondition): Check {
  const name = path === '' ? 'The content' : path
  return (content) => {
    if (content.isEncrypted) return encrypted
    if (content.json === undefined) return 'The content is no JSON'
    const found = fieldOf(content.json, path)
    if (is === 'there' || is === 'missing') return (found !== undefined) === (is === 'there') ? null : `${name} ${comparisons[is]}`
    if (found === undefined) return is === 'not' ? null : `${name} is missing`
    return holds(is, found, value) ? null : `${name} ${comparisons[is]} ${JSON.stringify(value)}`
  }
}

function holds(is: Exclude<FieldCondition['is'], 'there' | 'missing'>, found: unknown, value: string | number | boolean | null): boolean {
  switch (is) {
    case 'equals':
      return isSame(found, value)
    case 'not':
      return !isSame(found, value)
    case 'contains':
      return Array.isArray(found) ? found.some((each) => isSame(each, value)) : typeof found === 'string' && found.includes(String(value))
    default: {
      const order = compared(found, value)
      if (order === null) return false
      return { greater: order > 0, 'at-least': order >= 0, less: order < 0, 'at-most': order <= 0 }[is]
    }
  }
}

/** `21` and `"21"` are the same: devices write numbers as text, and people type text. */
function isSame(found: unknown, value: string | number | boolean | null): boolean {
  if (typeof found === 'object' && found !== null) return false
  return found === value || (found !== null && value !== null && String(found) === String(value))
}

/** Below, at or above 0; null for what has no order. */
function compared(found: unknown, value: unknown): number | null {
  const [a, b] = [numberOf(found), numberOf(value)]
  if (a !== null && b !== null) return a - b
  // Moments and names have an order as texts.
  return typeof found === 'string' && typeof value === 'string' ? (found < value ? -1 : found > value ? 1 : 0) : null
}

function numberOf(value: unknown): number | null {
  if (typeof value === 'number') return value
  return typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : null
}
