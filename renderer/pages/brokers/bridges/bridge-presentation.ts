/** How bridges read. */
import type { BridgeTopic, BrokerBridge } from '../../../../server/brokers/contract/index.ts'
import type { StatePresentation } from '../../../presentation/tone.ts'
import { words } from '../../../presentation/words.ts'

export function bridgePresentation({ state, refusedTopics }: Pick<BrokerBridge, 'state' | 'refusedTopics'>): StatePresentation {
  const label = words.states.bridges[state]
  switch (state) {
    case 'connected':
      return { tone: refusedTopics.length > 0 ? 'attention' : 'good', shape: 'filled', label }
    case 'connecting':
      return { tone: 'busy', shape: 'halo', label }
    case 'waiting':
      return { tone: 'attention', shape: 'halo', label }
    case 'refused':
    case 'locked':
      return { tone: 'bad', shape: 'filled', label }
    case 'off':
      return { tone: 'off', shape: 'hollow', label }
  }
}

export const directionIcons: Readonly<Record<BridgeTopic['direction'], string>> = {
  in: 'i-lucide-arrow-down-left',
  out: 'i-lucide-arrow-up-right',
  both: 'i-lucide-arrow-left-right',
}

export const directionWords: Readonly<Record<BridgeTopic['direction'], string>> = {
  in: 'from there to here',
  out: 'from here to there',
  both: 'both ways',
}

/** `house/# → sites/one/#`: the topics here, then those there. */
export function topicText({ direction, filter, localPrefix, remotePrefix }: BridgeTopic): string {
  const [here, there] = [localPrefix + filter, remotePrefix + filter]
  if (here === there) return here
  return `${here} ${{ in: '←', out: '→', both: '↔' }[direction]} ${there}`
}

/** The address without what is usual. */
export const shortAddress = (address: string): string => address.replace(/\/$/, '')
