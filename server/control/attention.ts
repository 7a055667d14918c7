/** What needs a person: problems of the house itself, then those the rooms report. */
import { iso, type Clock } from '../clock.ts'
import type { ApiHost } from '../http/api-host.ts'
import type { Room } from '../room.ts'
import type { SettingsStore } from '../config/settings-store.ts'
import type { AttentionItem } from '../room-report.ts'

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
  dated?(): AttentionItem[]
  /** Those dated here, by when they were first seen. */
  undated?(): Omit<AttentionItem, 'since'>[]
}

export function createAttention({ host, rooms, settings, clock, dated = () => [], undated = () => [] }: AttentionParts): Attention {
  /** When each open problem was first seen, by its id; forgotten when it is over. */
  const firstSeen = new Map<string, string>()

  const stamped = (item: Omit<AttentionItem, 'since'>): AttentionItem => {
    const since = firstSeen.get(item.id) ?? iso(clock.now())
    firstSeen.set(item.id, since)
    return { ...item, since }
  }

  return {
    items() {
      const items = [
        ...dated(),
        ...[...undated(), ...listenerItems(host, settings), ...setAsideItems(settings)].map(stamped),
        ...rooms.flatMap((room) => room.attention()),
      ]
      const open = new Set(items.map((item) => item.id))
      for (const id of firstSeen.keys()) if (!open.has(id)) firstSeen.delete(id)
      return items.toSorted((a, b) => Number(b.tone === 'bad') - Number(a.tone === 'bad') || b.since.localeCompare(a.since))
    },
  }
}

function listenerItems(host: ApiHost, settings: SettingsStore): Omit<AttentionItem, 'since'>[] {
  return host.names().flatMap((name) => {
    const { status, exposed } = host.served(name)
    const { insecureNoKey } = settings.current().apis[name]
    const items: Omit<AttentionItem, 'since'>[] = []
    if (status.state === 'port-in-use') {
      const text = name === 'control' ? status.error : `The ${name} API answers on ${host.prefixUrl(name)} meanwhile`
      items.push({
        id: `port:${name}`,
        room: name,
        tone: 'attention',
        title: `Port ${settings.current().apis[name].port} is used by another program`,
        text,
        action: 'use-free-port',
        subject: name,
      })
    }
    if (status.state === 'failed') {
      items.push({
        id: `port:${name}`,
        room: name,
        tone: 'bad',
        title: `The ${name} API could not start`,
        text: status.error,
        action: 'retry-port',
        subject: name,
      })
    }
    if (exposed && insecureNoKey) {
      items.push({
        id: `open:${name}`,
        room: name,
        tone: 'bad',
        title: `Anyone on your network can use ${name}`,
        text: 'It is open to the LAN and asks for no key',
        action: 'close-to-machine',
        subject: name,
      })
    }
    return items
  })
}

function setAsideItems(settings: SettingsStore): Omit<AttentionItem, 'since'>[] {
  const setAside = settings.setAside()
  if (setAside.length === 0) return []
  const title = setAside.length === 1 ? 'A setting could not be used' : `${setAside.length} settings could not be used`
  return [
    {
      id: 'settings:set-aside',
      room: 'control',
      tone: 'attention',
      title,
      text: `${setAside.map(({ path }) => path).join(', ')}: kept aside, the defaults are in force`,
      action: 'review-settings',
      subject: null,
    },
  ]
}
