/** Tones of states: green serves, blue works, amber wants you, red is broken, grey is off. */
import type { ApiView } from '../../server/control/contract/index.ts'
import type { EventTone } from '../../server/events/event.ts'
import { words } from './words.ts'

export type Tone = 'good' | 'busy' | 'attention' | 'bad' | 'off'

export interface StatePresentation {
  tone: Tone
  shape: 'filled' | 'halo' | 'hollow'
  label: string
}

/** How an API's state reads; an open API without a key is red whatever else is true. */
export function apiPresentation(api: ApiView): StatePresentation {
  if (api.exposed) return { tone: 'bad', shape: 'filled', label: words.states.apis.exposed }
  switch (api.state) {
    case 'listening':
      return { tone: 'good', shape: 'filled', label: words.states.apis.listening }
    case 'port-in-use':
      return { tone: 'attention', shape: 'filled', label: words.states.apis['port-in-use'] }
    case 'starting':
      return { tone: 'busy', shape: 'halo', label: words.states.apis.starting }
    case 'failed':
      return { tone: 'bad', shape: 'filled', label: words.states.apis.failed }
    case 'off':
      return { tone: 'off', shape: 'hollow', label: words.states.apis.off }
  }
}

export const eventTone: Readonly<Record<EventTone, Tone>> = {
  neutral: 'off',
  good: 'good',
  busy: 'busy',
  attention: 'attention',
  bad: 'bad',
}
