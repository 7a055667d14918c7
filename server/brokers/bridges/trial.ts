/** Connects once to see whether a bridge would work: nothing is kept, here or there, and no message passes. */
import type { BridgeTrial } from '../contract/bridges.ts'
import type { Bridge } from './bridge.ts'
import { dial, type Dialled } from './dial.ts'
import { Mapping } from './mapping.ts'
import { problemOf, type LineProblem } from './problems.ts'
import { agree } from './subscriptions.ts'

/** @param bridge the one that is being changed: under its client id it is connected, or has its queue there */
export async function tryOut(dialled: Dialled, bridge: Bridge | null, signal: AbortSignal): Promise<BridgeTrial> {
  const steps: string[] = []
  const found = (step: string): void => void steps.push(step)
  const { settings } = dialled
  const isIts = bridge?.stored.settings.clientId === settings.clientId
  const clientId = isIts ? `${settings.clientId}-try` : settings.clientId
  let ended: LineProblem | null = null
  try {
    const line = await dial({ ...dialled, settings: { ...settings, clientId }, isTrial: true, found }, signal)
    line.serve({
      onPublish: () => undefined,
      onAnswer: () => undefined,
      onDrained: () => undefined,
      onEnded: (problem) => (ended = problem),
    })
    const wanted = new Mapping(settings.topics).remoteFilters
    const { refused } = await agree({ line, held: {}, wanted, newPacketId: () => 1, forget: () => undefined })
    line.leave(true)
    const [first] = refused
    if (first !== undefined) {
      const text = `It lets us in, but refuses the subscription ${first.filter}: ${first.text}`
      return { works: false, problem: { code: 'subscription-refused', text }, steps }
    }
    if (wanted.size > 0) found(`subscribed to ${[...wanted.keys()].slice(0, 5).join(', ')}${wanted.size > 5 ? ', …' : ''}`)
    return { works: true, problem: null, steps }
  } catch (error) {
    signal.throwIfAborted()
    const { code, message } = ended ?? problemOf(error)
    return { works: false, problem: { code, text: message }, steps }
  }
}
