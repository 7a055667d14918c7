/** Which topic of this session is which topic of the other broker. */
import type { BridgeTopic } from '../contract/bridges.ts'
import { matches } from '../engine/topics.ts'
import type { Quality } from '../engine/types.ts'

export interface Mapped {
  topic: string
  quality: Quality
}

export class Mapping {
  readonly #out: readonly BridgeTopic[]
  readonly #in: readonly BridgeTopic[]

  constructor(topics: readonly BridgeTopic[]) {
    this.#out = topics.filter(({ direction }) => direction !== 'in')
    this.#in = topics.filter(({ direction }) => direction !== 'out')
  }

  /** Filters in this session, each with the best quality that is asked for it. */
  get localFilters(): ReadonlyMap<string, Quality> {
    return best(this.#out.map(({ localPrefix, filter, quality }) => [localPrefix + filter, quality]))
  }

  /** Filters in the other broker. */
  get remoteFilters(): ReadonlyMap<string, Quality> {
    return best(this.#in.map(({ remotePrefix, filter, quality }) => [remotePrefix + filter, quality]))
  }

  /** Where a message of this session goes; null where no row is for it any more. The first row that fits counts. */
  outward(topic: string): Mapped | null {
    return mapped(this.#out, topic, 'localPrefix', 'remotePrefix')
  }

  inward(topic: string): Mapped | null {
    return mapped(this.#in, topic, 'remotePrefix', 'localPrefix')
  }

  /** Whether what is sent there on this topic would be given back to us by a broker that knows no better. */
  comesBack(remoteTopic: string): boolean {
    return this.#in.some(({ remotePrefix, filter }) => matches(remotePrefix + filter, remoteTopic))
  }
}

function mapped(
  rows: readonly BridgeTopic[],
  topic: string,
  from: 'localPrefix' | 'remotePrefix',
  into: 'localPrefix' | 'remotePrefix',
): Mapped | null {
  const row = rows.find((each) => matches(each[from] + each.filter, topic))
  return row === undefined ? null : { topic: row[into] + topic.slice(row[from].length), quality: row.quality }
}

function best(rows: readonly (readonly [string, Quality])[]): ReadonlyMap<string, Quality> {
  const filters = new Map<string, Quality>()
  for (const [filter, quality] of rows) if (quality >= (filters.get(filter) ?? 0)) filters.set(filter, quality)
  return filters
}
