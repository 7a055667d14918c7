/**
 * What a language has to say. A file of this folder that holds such an object is a language; nothing else in the house makes sentences of
 * facts.
 *
 * What happened, what needs a person, how much there is: each is a kind and its facts, and has words here, a text or made of the facts.
 * What is missing, too much or asks for facts that are not there does not compile.
 */
import type { BotConcerns, BotFacts } from '../server/bots/report.ts'
import type { BotEvent, BotState } from '../server/bots/contract/index.ts'
import type { BridgeState } from '../server/brokers/contract/bridges.ts'
import type { RuleState } from '../server/brokers/contract/rules.ts'
import type { BrokerConcerns, BrokerFacts } from '../server/brokers/report.ts'
import type { RecorderCategory } from '../server/browsers/contract/index.ts'
import type { sessionEvents } from '../server/browsers/events.ts'
import type { BrowserConcerns, BrowserFacts } from '../server/browsers/report.ts'
import type { SessionState } from '../server/browsers/contract/index.ts'
import type { ApiView } from '../server/control/contract/index.ts'
import type { eventTypes } from '../server/control/event-types.ts'
import type { FactsOf } from '../server/events/event-types.ts'
import type { HouseConcerns } from '../server/house-concerns.ts'
import type { ApiName, RoomName } from '../server/http/contract.ts'
import type { RoomWithSubjects } from '../server/http/rights.ts'
import type { LoginConcerns, LoginFacts } from '../server/logins/report.ts'
import type { EndReason } from '../server/logins/session.ts'
import type { CatalogueServer, RelayCall } from '../server/relay/contract/index.ts'
import type { RelayConcerns, RelayFacts } from '../server/relay/report.ts'
import type { Locked } from '../server/room-report.ts'
import type { DiskRefusal } from '../server/store/disk.ts'

/** Words that stand as they are, or are made of facts. */
export type Entry<Facts> = string | ((facts: Facts) => string)

/** Words, with the names in them that matter set apart. */
export type Sentence = readonly (string | { name: string })[]

interface RightWords {
  title: string
  /** A line of the table. */
  use: string
  manage: string
  /** What it is for when it is limited to nothing: with use alone, and with manage. */
  reach: { use: string; manage: string }
  /** What it can, as a sentence. */
  can: { use: string; manage: string }
}

interface Trouble<Facts> {
  title: Entry<Facts>
  text: Entry<Facts>
}

type EventTypes = typeof eventTypes
type SessionEvents = typeof sessionEvents

interface Concerns {
  house: HouseConcerns
  control: Record<never, never>
  browsers: BrowserConcerns
  brokers: BrokerConcerns
  bots: BotConcerns
  logins: LoginConcerns
  relay: RelayConcerns
}

interface Counts {
  browsers: BrowserFacts
  brokers: BrokerFacts
  bots: BotFacts
  logins: LoginFacts
  relay: RelayFacts
}

export interface Words {
  /** As `Intl` takes it. */
  locale: string
  apis: Record<ApiName, { title: string; /** What of it is on the disk, to begin a sentence. */ kept: string }>
  /** The title of each event, e.g. `Session opened`; whom it is about stands beside it. */
  events: { readonly [Room in keyof EventTypes]: { readonly [Type in keyof EventTypes[Room]]: Entry<FactsOf<EventTypes[Room][Type]>> } }
  /** A line of a browser session's own list of what happened. */
  sessionEvents: { readonly [Kind in keyof SessionEvents]: Entry<FactsOf<SessionEvents[Kind]>> }
  /** What needs a person: a line, and what there is to say about it. */
  attention: {
    readonly [Room in keyof Concerns]: {
      readonly [Kind in keyof Concerns[Room]]: { title: Entry<Concerns[Room][Kind]>; text: Entry<Concerns[Room][Kind]> }
    }
  }
  /** A room at a glance: what stands beside its number, a line below, and what its chart counts. */
  overview: {
    readonly [Room in keyof Counts]: { unit: Entry<Counts[Room]>; text: Entry<Counts[Room]>; rate: string }
  }
  /** Things that no key opens, in a list: `2 bots (gate, yard)`. */
  locked: Record<Locked['kind'], Entry<{ count: number; names: readonly string[] }>>
  /** How the state of a thing reads, beside its dot. */
  states: {
    apis: Record<ApiView['state'] | 'exposed', string>
    browsers: Record<SessionState, string>
    bots: Record<BotState, string>
    webhooks: Record<'givenUp' | 'trying' | 'delivers' | 'paused' | 'gone', string>
    deliveries: Record<'waiting' | 'delivered' | 'dead', string>
    brokers: Record<'running' | 'suspended', string>
    bridges: Record<BridgeState, string>
    rules: Record<RuleState, string>
    namedClients: Record<'connected' | 'away' | 'never', string>
    brokerClients: Record<'connected' | 'behind' | 'slow' | 'away', string>
    logins: Record<'active' | 'expiring' | 'over' | EndReason, string>
    /** `installing`: it is started, and something has to be fetched for it first. */
    servers: Record<CatalogueServer['state'] | 'installing', string>
    relaySessions: Record<'active' | 'expired', string>
    calls: Record<RelayCall['state'], string>
  }
  /** What several pages of the window share. */
  window: {
    /** The ways out of what needs a person, on their buttons. */
    actions: Record<
      | 'tryAgain'
      | 'changePort'
      | 'closeToMachine'
      | 'askForKey'
      | 'takeOver'
      | 'details'
      | 'restart'
      | 'lookAgain'
      | 'choose'
      | 'installChromium'
      | 'review',
      string
    > & { usePort: Entry<{ port: number }> }
    /** What to do about a failure, by its code, after what the server says of it. */
    advice: Readonly<Record<string, string>>
    actionFailed: Entry<{ action: string }>
    /** What a webhook of bots may be for, to be ticked, and how one that has chosen nothing reads. */
    webhookEvents: Record<BotEvent['type'], { label: string; help: string }>
    everyEvent: string
    /** What else was chosen for one, in a line. */
    webhookChoices: Record<'onlyGroups' | 'onlyPeople' | 'inOrder', string> &
      Record<'someChats' | 'ownHeaders', (facts: { count: number }) => string>
    webhookTabs: Record<'deliveries' | 'dead' | 'test' | 'receiver', string>
    /** What came of a replay, in sentences. */
    webhookReplay: Record<'replayed' | 'replayLeft', (facts: { count: number }) => string> & {
      replayKeptSince(facts: { since: string }): string
    }
    /** What is recorded of a browser session. */
    recorder: {
      categories: Record<RecorderCategory, string>
      /** A kind without a word is called by its category. */
      kinds: Readonly<Record<string, string>>
      scopes: Record<'all' | 'peopleAndPage' | 'page' | 'people' | 'wheelhouse', string>
      /** Names of what is known of an entry; what has none is not shown. */
      facts: Readonly<Record<string, string>>
    }
    /** What is the matter with a bot; `at` is a time of day. */
    botTrouble: {
      loggedOut: Trouble<{ at: string; number: string; queue: number }>
      replaced: Trouble<{ at: string; queue: number }>
      blocked: Trouble<{ at: string; reason: string }>
      /** The steps are those of a person at the phone. */
      passkey: { title: string; text: string; steps: readonly string[] }
      codeExpired: Trouble<unknown>
      /** WhatsApp gives no more for now. */
      noMoreCodes: Trouble<unknown>
      failed: Trouble<{ linked: boolean; reason: string }>
      /** The ways out of it, on their buttons. */
      restricted: Trouble<{ reason: string }>
      versionRefused: Trouble<{ reason: string }>
      ways: Record<'pairAgain' | 'restoreBackup' | 'takeBack' | 'newCode' | 'newestVersion', string>
    }
  }
  /** What rights can, where keys are made and looked at. */
  keys: {
    rights: Record<Exclude<RoomName, RoomWithSubjects>, RightWords> &
      Record<RoomWithSubjects, RightWords & { /** Of `use`, for some things alone. */ limited: string }> & {
        activity: { title: string; use: string; reach: string; can: string }
      }
    /** To start from: a name, and what it opens. */
    presets: Record<'send' | 'publish' | 'signIn' | 'callTools' | 'readActivity' | 'gateTablet', { label: string; says: string }>
    /** A right of the older form, and the one over everything. */
    olderRight: Entry<{ room: string; verb: string; subject: string | undefined }>
    olderControl: string
    /** With `control:manage`. */
    canAnything: readonly string[]
    canLimited: Record<RoomWithSubjects, (names: readonly string[]) => Sentence>
    canReadControl: string
    /** Each follows "cannot"; rooms by their titles. */
    cannot: { seeForeign: Entry<{ rooms: string }>; makeOthers: Entry<{ rooms: string }>; open: Entry<{ rooms: string }>; control: string }
  }
  /** What the desktop says outside the window: tray, menu, notifications, boxes. */
  desktop: {
    tray: {
      starting: string
      /** The program's name and, where something runs, what: `Wheelhouse: Browsers 2, 1 thing needs you`. */
      summary: Entry<{ rooms: { room: RoomName; count: number }[]; needYou: number }>
      open: string
      quit: string
      api: Entry<{ api: ApiName; state: ApiView['state']; exposed: boolean }>
      start: Entry<{ api: ApiName }>
      stop: Entry<{ api: ApiName }>
      copyAddress: string
      copyLanAddress: string
    }
    menu: Record<
      'settings' | 'file' | 'go' | 'view' | 'openDataFolder' | 'searchAndCommands' | 'quit' | 'overview' | 'keys' | 'activity',
      string
    > & { /** macOS's words for the same. */ mac: Record<'settings' | 'quit', string> }
    /** To begin a sentence or a line of the menu. */
    needYou: Entry<{ count: number }>
    cannotStart: string
    hidden: { title: string; text: string }
    windowStopped: { title: string; text: Entry<{ reason: string }> }
    windowMissing: { title: string; text: Entry<{ url: string }> }
    apiNotStarted: Entry<{ api: ApiName }>
    apiNotStopped: Entry<{ api: ApiName }>
    addressNotCopied: string
  }
  /** What a disk does when it takes nothing, as half a sentence. */
  disk: Record<Exclude<DiskRefusal['kind'], 'failing'>, string>
}

export type { ApiName, RoomName }

/** Which words, and the facts of which to make them: of an event of its type, or of a concern of its kind. */
interface RoomFacts {
  room: ApiName
  facts: Readonly<Record<string, unknown>>
}

/** Undefined for a type that is not known. The facts must be those of the type. */
export function eventTitle(
  words: Words,
  { room, type, data }: { room: ApiName; type: string; data: RoomFacts['facts'] },
): string | undefined {
  return said(ofRoom(words.events, room, type) as Entry<never> | undefined, data)
}

/** Undefined for a kind that is not known. The facts must be those of the kind. */
export function sessionEventText(
  { sessionEvents: entries }: Pick<Words, 'sessionEvents'>,
  { kind, facts }: { kind: string; facts: RoomFacts['facts'] },
): string | undefined {
  return said((entries as Readonly<Record<string, Entry<never> | undefined>>)[kind], facts)
}

/** Undefined for a kind that is not known. */
export function concernWords(
  words: Words,
  { room, kind, facts }: RoomFacts & { kind: string },
): { title: string; text: string } | undefined {
  const entry = ofRoom(words.attention, room, kind) as Record<'title' | 'text', Entry<never>> | undefined
  return entry === undefined ? undefined : { title: said(entry.title, facts), text: said(entry.text, facts) }
}

export function overviewWords(
  words: Words,
  { room, facts }: RoomFacts & { room: RoomName },
): { unit: string; text: string; rateTitle: string } {
  const entry = words.overview[room] as Record<'unit' | 'text', Entry<never>> & { rate: string }
  return { unit: said(entry.unit, facts), text: said(entry.text, facts), rateTitle: entry.rate }
}

export function lockedWords(words: Pick<Words, 'locked'>, { kind, count, names = [] }: Locked): string {
  return said(words.locked[kind], { count, names })
}

/** What an entry says of the facts. */
export const say = <Facts>(entry: Entry<Facts>, facts: Facts): string => said(entry, facts)

function said<Facts>(entry: Entry<Facts>, facts: unknown): string
function said<Facts>(entry: Entry<Facts> | undefined, facts: unknown): string | undefined
function said(entry: Entry<never> | undefined, facts: unknown): string | undefined {
  // Which facts belong to which words is known where they are told, and the tables of a language are made of that.
  return typeof entry === 'function' ? entry(facts as never) : entry
}

/** The room's own, else what the house says of any room. */
function ofRoom(tables: Readonly<Record<string, Readonly<Record<string, unknown>>>>, room: ApiName, kind: string): unknown {
  return tables[room]?.[kind] ?? tables['house']?.[kind]
}
