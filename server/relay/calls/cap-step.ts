/** Hands out the beginning of an answer that is larger than a session wants, and a handle for the rest. */
import type { AnswerCap } from '../contract/between.ts'
import type { ToolEntry } from '../sessions/view.ts'
import type { Json } from '../upstreams/connection.ts'
import { shortened } from './shortened.ts'
import { restToolName } from './rest-tool.ts'
import { partOf, type Rests } from './rests.ts'
import type { Step } from './steps.ts'

const bytesPerToken = 4

/** Bytes of an answer that are handed out at once; null for all of it. */
export function mostBytes({ bytes, tokens }: AnswerCap): number | null {
  const limits = [bytes, tokens === null ? null : tokens * bytesPerToken].filter((limit) => limit !== null)
  return limits.length === 0 ? null : Math.min(...limits)
}

export function createCapStep(rests: Rests): Step {
  return {
    name: 'cap',
    mayWait: false,
    concerns: ({ policy: { cap } }) => cap.bytes !== null || cap.tokens !== null,
    async around({ session, entry, args, note }, ask) {
      const answer = await ask(args)
      const most = mostBytes(session.policy.cap)
      if (most === null || answer['resultType'] === 'input_required' || !Array.isArray(answer['content'])) return answer
      const size = Buffer.byteLength(JSON.stringify(answer))
      if (size <= most) return answer
      const { text, others } = readable(answer)
      const beginning = partOf(text, 0, most)
      const step = most
      const handle = beginning.length < text.length ? rests.keep({ sessionId: session.id, text, read: beginning.length, step }) : null
      note('cap', `${beginning.length} of ${text.length} characters handed out${others === 0 ? '' : `, ${others} left out`}`)
      return {
        ...withoutContents(answer, entry, most),
        content: [
          { type: 'text', text: beginning },
          { type: 'text', text: sentence(beginning.length, text.length, handle, others) },
        ],
      }
    },
  }
}

function sentence(read: number, of: number, handle: string | null, others: number): string {
  const left = others === 0 ? '' : ` ${others} pictures, sounds or files were left out.`
  if (read === of) return `[This answer was larger than this session wants.${left}]`
  const rest =
    handle === null
      ? 'The rest is too large to be kept: ask for less.'
      : `Call ${restToolName} with {"handle":"${handle}"} for what follows.`
  return `[These are the first ${read} of ${of} characters of the answer.${left} ${rest}]`
}

/** A client holds a tool to the schema of its answers: those keep their shape and lose length. Others are in the text. */
function withoutContents({ structuredContent, ...answer }: Json, { listed }: ToolEntry, most: number): Json {
  if (structuredContent === undefined || listed['outputSchema'] === undefined) return answer
  return { ...answer, structuredContent: shortened(structuredContent, most) }
}

/** All that can be read of it, and how many parts cannot. */
function readable(answer: Json): { text: string; others: number } {
  const texts: string[] = []
  let others = 0
  // Whatever a server has put there.
  for (const block of answer['content'] as readonly unknown[]) {
    const text = textOf(block)
    if (text === null) others += 1
    else texts.push(text)
  }
  const structured = answer['structuredContent']
  if (structured !== undefined && !texts.some((text) => isJsonOf(text, structured))) texts.push(JSON.stringify(structured))
  return { text: texts.join('\n'), others }
}

function textOf(block: unknown): string | null {
  if (typeof block !== 'object' || block === null) return null
  if ('text' in block && typeof block.text === 'string') return block.text
  if ('resource' in block) return textOf(block.resource)
  return 'type' in block && block.type === 'resource_link' ? JSON.stringify(block) : null
}

/** Servers say the same once as text and once as data. */
function isJsonOf(text: string, value: unknown): boolean {
  if (!/^\s*[[{"]/.test(text)) return false
  try {
    return JSON.stringify(JSON.parse(text)) === JSON.stringify(value)
  } catch {
    return false
  }
}
