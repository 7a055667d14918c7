/** An entry of the record as the API shows it: what it is about, and what came of it. */
import { iso } from '../../clock.ts'
import type { EventTone } from '../../events/event.ts'
import { addressToTell } from '../../http/userinfo.ts'
import type { RecorderCategory, RecorderEntry, RecorderSource } from '../contract/recorder-entries.ts'
import type { RecorderFilter } from '../contract/recorder.ts'
import type { SessionEventText } from '../events.ts'
import type { RecordedEvent } from '../session/history.ts'
import {
  failed,
  type ConsoleEntry,
  type ConsoleLevel,
  type ErrorEntry,
  type PageLoad,
  type PageRecord,
  type RequestEntry,
} from './entry.ts'

export type Recorded = RecordedEvent | PageRecord

export interface ShownWith {
  textOf: SessionEventText
  /** For the time that a navigation took, and to tell the page's own host from others. */
  loads: readonly PageLoad[]
}

/** By how the kind of an event of the session begins; the first that fits counts. */
const categories: readonly (readonly [RegExp, RecorderCategory])[] = [
  [/^lease/, 'leases'],
  [/^client/, 'clients'],
  [/^(took-over|given-back|click|typed|person)/, 'people'],
  [/^(login|sign|refreshed|step|operation)/, 'login'],
  [/^dialog/, 'dialogs'],
  [/^(download|upload|file)/, 'downloads'],
  [/^(page|popup|navigat|address|window|permission)/, 'pages'],
]

const sources: Partial<Record<RecorderCategory, RecorderSource>> = {
  leases: 'people',
  clients: 'people',
  people: 'people',
  pages: 'page',
  dialogs: 'page',
  downloads: 'page',
}

/** Facts that tell what an event is about, the most telling first. */
const telling = ['holder', 'client', 'name', 'file', 'url', 'host', 'message', 'said', 'why', 'site']

export function shownEntry(entry: Recorded, shown: ShownWith): RecorderEntry {
  if (!('type' in entry)) return shownEvent(entry, shown)
  const { id, at, page } = entry
  const source: RecorderSource = entry.atBack ? 'wheelhouse' : 'page'
  return entry.type === 'request'
    ? { id, at: iso(at), source, ...shownRequest(entry, shown.loads) }
    : { id, at: iso(at), source, ...shownWords(entry), facts: { page, text: entry.text, where: entry.where } }
}

type ShownPart = Omit<RecorderEntry, 'id' | 'at' | 'source'>

function shownEvent(event: RecordedEvent, { textOf, loads }: ShownWith): RecorderEntry {
  const { id, at, kind, tone, actor } = event
  const facts: RecorderEntry['facts'] = event.facts
  const category = categories.find(([begins]) => begins.test(kind))?.[1] ?? 'session'
  const about = telling.map((name) => facts[name]).find((fact) => typeof fact === 'string' && fact !== '')
  return {
    id,
    at,
    category,
    kind,
    tone,
    source: sources[category] ?? 'wheelhouse',
    subject: about === undefined ? (actor === 'system' ? '' : actor) : String(about),
    detail: detailOf(event, loads),
    text: textOf(event),
    facts,
  }
}

function detailOf(event: RecordedEvent, loads: readonly PageLoad[]): string {
  if (event.kind === 'navigated') {
    const { url } = event.facts
    const seen = Date.parse(event.at)
    const load = loads.findLast((one) => addressToTell(one.url) === url && one.startedAt <= seen + 1_000)
    return load?.loaded == null ? '' : duration(load.loaded)
  }
  return event.actor === 'system' || event.actor === event.facts['holder' as never] ? '' : event.actor
}

function shownRequest(request: RequestEntry, loads: readonly PageLoad[]): ShownPart {
  const { method, url, status, took, error, cancelled, fromCache, resource, page, transferred, size, mimeType } = request
  const isFailed = failed(request)
  const { host, pathname = url, search = '' } = URL.parse(url) ?? {}
  const own = loads.findLast(({ id }) => id === request.load)?.url
  const path = own !== undefined && URL.parse(own)?.host === host ? pathname + search : `${host ?? ''}${pathname}${search}`
  const outcome = error === null ? String(status) : error.replace(/^net::/, '')
  const time = fromCache ? 'cache' : duration(took)
  const facts = { method, url, status, took, resource, page, transferred, size, mimeType, fromCache, ...(error === null ? {} : { error }) }
  return {
    category: isFailed ? 'failed' : 'requests',
    kind: isFailed ? 'request-failed' : cancelled ? 'request-cancelled' : 'request',
    tone: isFailed ? 'bad' : 'neutral',
    subject: `${method} ${path}`,
    detail: isFailed ? `${outcome} · ${time}` : time,
    text: `${method} ${url} ${cancelled ? 'was given up' : error === null ? `answered ${status}` : `failed: ${outcome}`} after ${duration(took)}`,
    facts,
  }
}

const consoleTones: Readonly<Record<ConsoleLevel, EventTone>> = { debug: 'neutral', info: 'neutral', warning: 'attention', error: 'bad' }

function shownWords(entry: ConsoleEntry | ErrorEntry): Omit<ShownPart, 'facts'> {
  const { type, text, where } = entry
  const tone = entry.type === 'console' ? consoleTones[entry.level] : 'bad'
  return { category: 'console', kind: type, tone, subject: text, detail: where, text: where === '' ? text : `${text} (${where})` }
}

/** `184 ms`, `3.0 s`. */
export const duration = (ms: number): string => (ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`)

/** Whether an entry is asked for, its category apart. */
export function matches(entry: RecorderEntry, { source, text }: Pick<RecorderFilter, 'source' | 'text'>): boolean {
  if (source !== undefined && !source.includes(entry.source)) return false
  if (text === undefined || text === '') return true
  const wanted = text.toLowerCase()
  return [entry.text, entry.subject, entry.kind].some((part) => part.toLowerCase().includes(wanted))
}

/** What failed is a request, too. */
export function isOf(entry: Pick<RecorderEntry, 'category'>, wanted: readonly RecorderCategory[] | undefined): boolean {
  return wanted === undefined || wanted.includes(entry.category) || (entry.category === 'failed' && wanted.includes('requests'))
}

export type CategoryCounts = Partial<Record<RecorderCategory, number>>

export function count(counts: CategoryCounts, { category }: Pick<RecorderEntry, 'category'>): void {
  counts[category] = (counts[category] ?? 0) + 1
  if (category === 'failed') counts.requests = (counts.requests ?? 0) + 1
}
