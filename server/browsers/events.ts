/** What happens to a session, for its own list and most of it for the whole house, and what the house hears of site profiles. */
import { z } from 'zod'
import { eventType, type EventType, type EventTypes, type FactsOf } from '../events/event-types.ts'
import type { EventTone } from '../events/event.ts'
import { endCause, endReason, recordingEnd, type EndReason } from './contract/endings.ts'

/** What is said where no kind of ours says it: by the site, by a fault, by the program that ended. */
const said = { said: z.string() }
// These come all the time by themselves: shown, not kept.
const passing = { audited: false }

/** Which, and the site that asks for it. */
const permission = { name: z.string(), host: z.string() }
const dialogKind = z.enum(['alert', 'confirm', 'prompt', 'beforeunload'])

/** Those of a session's own events that the whole house hears of. */
const announcedEvents = {
  'session-opened': eventType('busy', { /** The title of the site profile. */ site: z.string() }),
  'session-ready': eventType('good', { /** False for a page that asks for none. */ hasLogin: z.boolean() }),
  'session-closed': eventType(({ reason }) => toneOfEnd(reason), { reason: endReason, ...said }),
  'session-crashed': eventType('bad', { reason: endReason, ...said }),
  'login-failed': eventType('bad', said),
  'lease-taken': eventType('busy', { holder: z.string() }, passing),
  'lease-ended': eventType('neutral', { holder: z.string(), how: z.enum(['given-back', 'deadline']) }, passing),
  'client-joined': eventType('busy', { client: z.string(), program: z.string() }),
  'client-left': eventType(({ how }) => (how === 'cut-off' ? 'attention' : 'neutral'), {
    client: z.string(),
    how: z.enum(['left', 'ended', 'cut-off']),
  }),
  'took-over': eventType('attention'),
  'given-back': eventType('neutral'),
  refreshed: eventType(({ ok }) => (ok ? 'good' : 'attention'), { ok: z.boolean(), ...said }, passing),
  /** A step of the login is theirs. */
  'person-wanted': eventType('attention', { what: z.string() }),
  'signed-out': eventType('attention', { why: z.string() }),
  'signed-in-again': eventType('good', { /** The site had the login still. */ held: z.boolean(), why: z.string() }),
  'popup-blocked': eventType('neutral', { how: z.enum(['refused', 'closed']) }, passing),
  'download-blocked': eventType('attention', { file: z.string() }),
  'download-begun': eventType('busy', { file: z.string() }, passing),
  'download-ended': eventType(({ how }) => (how === 'done' ? 'good' : 'attention'), {
    file: z.string(),
    how: z.enum(['done', 'stopped', 'failed']),
    bytes: z.number(),
  }),
  'recording-begun': eventType('attention'),
  'recording-ended': eventType('neutral', { seconds: z.number(), why: recordingEnd }),
  'page-crashed': eventType('bad', { url: z.string() }),
  'not-responding': eventType('bad'),
  answered: eventType('good'),
  'state-touched': eventType('attention', {
    how: z.enum(['exported', 'revealed', 'changed', 'imported', 'cleared']),
    /** A name, never a value; empty for all of it. */
    what: z.string(),
  }),
  woke: eventType('good', { /** The site took the kept login for good. */ held: z.boolean() }),
  'kept-login-refused': eventType('attention', {
    why: z.string(),
    /** Its cookies said so themselves. */
    ranOut: z.boolean(),
    /** In a row, at this site, though cookies had not run out. */
    times: z.number(),
    /** The site is not offered its kept logins any more. */
    given: z.boolean(),
  }),
}

export const sessionEvents = {
  ...announcedEvents,
  'sign-in': eventType(({ step }) => toneOfStep[step] ?? 'neutral', {
    step: z.enum(['opening', 'already-logged-in', 'solving-captcha', 'captcha-solved', 'no-captcha', 'sending', 'logged-in']),
    /** Of the site. */
    host: z.string(),
  }),
  'address-refused': eventType('attention', said),
  'dialog-dismissed': eventType('neutral', said),
  'dialog-shown': eventType('attention', { kind: dialogKind, ...said }),
  'dialog-answered': eventType('neutral', {
    kind: dialogKind,
    /** `late`: nobody did in time; `abandoned`: whoever drove gave back; `elsewhere`: by a program, or its page has gone. */
    how: z.enum(['accepted', 'refused', 'late', 'abandoned', 'elsewhere']),
    ...said,
  }),
  'page-opened': eventType('neutral'),
  'popup-opened': eventType('neutral'),
  /** `emptied`: its scripts would not end. */
  'page-stopped': eventType('attention', { url: z.string(), how: z.enum(['stands', 'emptied']) }),
  'permission-asked': eventType('attention', permission),
  'permission-allowed': eventType('attention', permission),
  navigated: eventType('neutral', { url: z.string() }),
  'page-closed': eventType('neutral', { /** How many may be open. */ most: z.number() }),
  'page-replaced': eventType('attention'),
  recycled: eventType('neutral', { /** What it had grown to. */ megabytes: z.number() }),
  'end-explained': eventType('bad', { cause: endCause }),
}

const toneOfStep: Readonly<Record<string, EventTone>> = { 'already-logged-in': 'good', 'logged-in': 'good', 'solving-captcha': 'busy' }

function toneOfEnd(reason: EndReason): EventTone {
  if (reason === 'closed' || reason === 'idle' || reason === 'shutdown' || reason === 'hibernated') return 'neutral'
  return reason === 'evicted' ? 'attention' : 'bad'
}

/** Which session, and the same in English words. */
const ofSession = { session: z.string(), profile: z.string(), text: z.string() }

export const browserEvents = {
  ...forTheHouse(announcedEvents),
  'profile-made': eventType('neutral'),
  'profile-changed': eventType('neutral'),
  'profile-removed': eventType('neutral', { /** The one that Wheelhouse brings is there again. */ builtIn: z.boolean() }),
  'kept-login-forgotten': eventType('neutral', {
    session: z.string(),
    profile: z.string(),
    why: z.enum(['by-request', 'too-old', 'site-gone']),
  }),
  'site-tried': eventType(({ how }) => (how === 'passed' ? 'good' : 'attention'), { how: z.string() }),
  'practice-site-connected': eventType('attention'),
  'practice-site-ended': eventType('neutral'),
}

type ForTheHouse<Types> = {
  [Kind in keyof Types]: Types[Kind] extends EventType<z.ZodObject<infer Shape>> ? EventType<z.ZodObject<Shape & typeof ofSession>> : never
}

function forTheHouse<Types extends EventTypes>(types: Types): ForTheHouse<Types> {
  const told = Object.entries(types).map(([kind, type]) => [kind, { ...type, facts: type.facts.extend(ofSession) }])
  return Object.fromEntries(told) as ForTheHouse<Types> // each of its own kind
}

type SessionEvents = typeof sessionEvents
export type SessionEventKind = keyof SessionEvents
export type SessionEventFacts<Kind extends SessionEventKind> = FactsOf<SessionEvents[Kind]>
/** Those of any one kind. */
export type SessionFactsOfKind = { [Kind in SessionEventKind]: { kind: Kind; facts: SessionEventFacts<Kind> } }[SessionEventKind]
export type RecordSessionEvent = <Kind extends SessionEventKind>(kind: Kind, facts: SessionEventFacts<Kind>) => void
/** What happened, in English words: as scripts read it. */
export type SessionEventText = (event: SessionFactsOfKind) => string

export function isAnnounced(kind: SessionEventKind): kind is keyof typeof announcedEvents {
  return Object.hasOwn(announcedEvents, kind)
}
