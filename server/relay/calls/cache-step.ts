/** Answers a read from memory where a person has chosen that, and keeps what its server answers. */
import type { ToolEntry } from '../sessions/view.ts'
import type { SessionPolicy } from '../contract/parts.ts'
import type { AnswerCache, CacheKey } from './answer-cache.ts'
import type { Step } from './steps.ts'

export function createCacheStep(cache: AnswerCache): Step {
  return {
    name: 'cache',
    mayWait: false,
    concerns: ({ policy }, entry) => policy.cache.tools.length > 0 && isChosen(policy, entry) && isRepeatable(entry),
    async around(call, ask) {
      const { session, entry, args, note } = call
      // Its server waits for what the client has said.
      if (call.laterRound !== undefined) return ask(args)
      const { seconds, shared, price } = session.policy.cache
      const key: CacheKey = {
        upstreamId: entry.upstream.definition.id,
        tool: entry.tool.name,
        hash: entry.tool.hash,
        args,
        sessionId: shared ? null : session.id,
      }
      const found = cache.find(key, seconds * 1_000)
      if (found !== null) {
        note('cache', `answered from memory, ${Math.round(found.age / 1_000)} s old`)
        if (price === 'none') call.costsNothing()
        return found.answer
      }
      const generation = cache.generation(key.upstreamId)
      const answer = await ask(args)
      const isWhole = answer['isError'] !== true && (answer['resultType'] ?? 'complete') === 'complete'
      if (isWhole && !call.clientWasAsked()) cache.keep(key, answer, generation)
      return answer
    },
  }
}

function isChosen({ cache }: Pick<SessionPolicy, 'cache'>, { upstream, tool }: ToolEntry): boolean {
  return cache.tools.some((each) => each.upstream === upstream.definition.id && each.name === tool.name)
}

/** By what it says of itself: it changes nothing, or the same however often it is called. */
function isRepeatable({ tool }: ToolEntry): boolean {
  const { readOnlyHint, idempotentHint } = tool.definition.annotations ?? {}
  return readOnlyHint === true || idempotentHint === true
}
