/**
 * Which rules have made a message out of others, carried along with it: a rule never acts on what it has had a part in, so no ring of rules
 * goes on, through whichever sessions and bridges (of MQTT 5) it leads.
 */
import type { MessageProperties } from '../engine/types.ts'

/** The user property: ids of rules, the last one last. */
const mark = 'wheelhouse-rules'
export const mostHops = 8

export function hopsOf(properties: MessageProperties | null): readonly string[] {
  const said = properties?.userProperties?.[mark]
  return [said ?? []]
    .flat()
    .flatMap((text) => text.split(','))
    .filter((id) => id !== '')
    .slice(0, 2 * mostHops)
}

/** The properties of what a rule makes of a message. */
export function markedBy(rule: string, properties: MessageProperties | null, hops: readonly string[]): MessageProperties {
  return { ...properties, userProperties: { ...properties?.userProperties, [mark]: [...hops, rule].join(',') } }
}

/**
 * What a client says itself: nobody but a rule may say that rules had a part in it, or whoever may publish could keep rules from acting.
 * What a bridge of another house brings with the session's own password is believed.
 */
export function withoutHops(properties: MessageProperties | null): MessageProperties | null {
  if (properties?.userProperties?.[mark] === undefined) return properties
  const { userProperties, ...others } = properties
  const left = withoutMark(userProperties)
  const kept = left === undefined ? others : { ...others, userProperties: left }
  return Object.keys(kept).length === 0 ? null : kept
}

/** Without the mark, which is nobody's matter outside. */
export function withoutMark(
  headers: Readonly<Record<string, string | string[]>> | undefined,
): Record<string, string | string[]> | undefined {
  if (headers === undefined) return undefined
  const { [mark]: _, ...others } = headers
  return Object.keys(others).length === 0 ? undefined : others
}
