/** What needs a person, in words: problems of the house itself, then those the rooms report. */
import { iso, type Clock } from '../clock.ts'
import type { ApiHost } from '../http/api-host.ts'
import type { Room } from '../room.ts'
import type { SettingsStore } from '../config/settings-store.ts'
import { concernWords } from '../../words/words.ts'
import type { HouseConcern } from '../house-concerns.ts'
import { inOrder } from '../order.ts'
import type { AttentionItem, Concern, Undated } from '../room-report.ts'
import { words } from '../words.ts'

export interface Attention {
  /** The worst first. */
  items(): AttentionItem[]
}

export interface AttentionParts {
  host: ApiHost
  rooms: readonly Room[]
  settings: SettingsStore
  clock: Clock
  /** Items of the house that know since when. */
  dated?(): Concern[]
  /** Those dated here, by when they were first seen. */
  undated?(): Omit<Concern, 'since'>[]
}

export function createAttention({ host, rooms, settings, clock, dated = () => [], undated = () => [] }: AttentionParts): Attention {
  /** When each open problem was first seen, by its id; forgotten when it is over. */
  const firstSeen = new Map<string, string>()

  const stamped = (item: Omit<Concern, 'since'>): Concern => {
    const since = firstSeen.get(item.id) ?? iso(clock.now())
    firstSeen.set(item.id, since)
    return { ...item, since }
  }

  return {
    items() {
      const concerns: Concern[] = [
        ...dated(),
        ...[...undated(), ...listenerConcerns(host, settings), ...setAsideConcerns(settings)].map(stamped),
        ...rooms.flatMap((room) => room.attention()),
      ]
      const open = new Set(concerns.map(({ id }) => id))
      for (const id of firstSeen.keys()) if (!open.has(id)) firstSeen.delete(id)
      return concerns.map(inWords).toSorted((a, b) => Number(b.tone === 'bad') - Number(a.tone === 'bad') || inOrder(b.since, a.since))
    },
  }
}

/** One of a kind without words, which only a room of another version could tell, is named by its kind. */
function inWords(concern: Concern): AttentionItem {
  return { ...concern, ...(concernWords(words, concern) ?? { title: concern.kind, text: '' }) }
}

function listenerConcerns(host: ApiHost, settings: SettingsStore): Undated<HouseConcern>[] {
  return host.names().flatMap((api): Undated<HouseConcern>[] => {
    const { status, exposed } = host.served(api)
    const { port, insecureNoKey } = settings.current().apis[api]
    const about = { room: api, subject: api }
    const concerns: Undated<HouseConcern>[] = []
    if (status.state === 'port-in-use') {
      const facts = { api, port, meanwhile: host.prefixUrl(api), error: status.error }
      concerns.push({ ...about, id: `port:${api}`, kind: 'port-taken', facts, tone: 'attention', action: 'use-free-port' })
    }
    if (status.state === 'failed') {
      const facts = { api, error: status.error }
      concerns.push({ ...about, id: `port:${api}`, kind: 'api-failed', facts, tone: 'bad', action: 'retry-port' })
    }
    if (exposed && insecureNoKey)
      concerns.push({ ...about, id: `open:${api}`, kind: 'open-to-all', facts: { api }, tone: 'bad', action: 'close-to-machine' })
    return concerns
  })
}

function setAsideConcerns(settings: SettingsStore): Undated<HouseConcern>[] {
  const paths = settings.setAside().map(({ path }) => path)
  if (paths.length === 0) return []
  return [
    {
      id: 'settings:set-aside',
      room: 'control',
      kind: 'settings-set-aside',
      facts: { paths },
      tone: 'attention',
      action: 'review-settings',
      subject: null,
    },
  ]
}
