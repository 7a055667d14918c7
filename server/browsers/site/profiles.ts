/** The site profiles: the built-in ones and those the person made, which may stand in for a built-in one. */
import type { Database } from 'better-sqlite3'
import { systemClock, type Clock } from '../../clock.ts'
import { createAnnouncer } from '../../events/event-types.ts'
import type { EventSink } from '../../events/event.ts'
import { linearPattern } from '../../linear-pattern.ts'
import { logsIn, siteProfile, type SiteProfile } from '../contract/site-profile.ts'
import { browserEvents } from '../events.ts'
import { BrowserFault } from '../fault.ts'
import { builtInProfiles } from './built-in-profiles.ts'
import { createProfileRows, type ProfileRows } from './profiles-store.ts'

export interface ListedProfile extends SiteProfile {
  /** Stands as it is delivered; false for an override too. */
  builtIn: boolean
}

export interface ProfileStore {
  /** By name. */
  list(): ListedProfile[]
  /** Throws `profile-not-found`. */
  get(name: string): ListedProfile
  /** Makes or replaces. Throws `profile-invalid` when a pattern in it is none that RE2 knows or the form is missing. */
  put(name: string, profile: Omit<SiteProfile, 'name'>, actor: string): Promise<ListedProfile>
  /**
   * Stands in for a profile of its name, also a stored one, for as long as something lives that it belongs to; nothing of it is stored.
   * Returns what ends it. Its patterns are read when they are used. Throws `profile-lent` when that name is lent already, as `put` and
   * `remove` do meanwhile.
   */
  lend(profile: SiteProfile): () => void
  /** Removing an override brings the built-in profile back. Throws `profile-not-found` or `profile-built-in`. */
  remove(name: string, actor: string): void
}

export function createProfileStore(database: Database, events: EventSink, clock: Clock = systemClock): ProfileStore {
  const announcer = createAnnouncer(events, 'browsers', browserEvents)
  const rows = createProfileRows(database)
  tidy(rows, clock)
  const builtIn = new Map(builtInProfiles.map((profile) => [profile.name, profile]))

  const lent = new Map<string, SiteProfile>()
  const checkLent = (name: string): void => {
    if (lent.has(name))
      throw new BrowserFault(
        'profile-lent',
        `The site profile ${name} belongs to a practice site that is connected; it can be changed when that has ended`,
      )
  }

  return {
    list() {
      const stored = rows.all().flatMap(({ body }) => readProfile(body) ?? [])
      const own = [...stored.filter(({ name }) => !lent.has(name)), ...lent.values()]
      const replaced = new Set(own.map((profile) => profile.name))
      const delivered = builtInProfiles.filter((profile) => !replaced.has(profile.name))
      return [
        ...own.map((profile) => ({ ...profile, builtIn: false })),
        ...delivered.map((profile) => ({ ...profile, builtIn: true })),
      ].sort((a, b) => (a.name < b.name ? -1 : 1))
    },
    get(name) {
      const own = lent.get(name) ?? readProfile(rows.find(name) ?? '')
      if (own !== null) return { ...own, builtIn: false }
      const delivered = builtIn.get(name)
      if (delivered === undefined) throw notFound(name)
      return { ...delivered, builtIn: true }
    },
    lend(profile) {
      checkLent(profile.name)
      checkForm(profile)
      lent.set(profile.name, profile)
      return () => void lent.delete(profile.name)
    },
    async put(name, profile, actor) {
      const whole = { ...profile, name }
      checkForm(whole)
      await checkPatterns(whole)
      // It may have been lent meanwhile.
      checkLent(name)
      const isNew = rows.find(name) === null && !builtIn.has(name)
      rows.put(name, JSON.stringify(whole), clock.now())
      announcer.emit({
        type: isNew ? 'profile-made' : 'profile-changed',
        subject: name,
        actor,
      })
      return { ...whole, builtIn: false }
    },
    remove(name, actor) {
      checkLent(name)
      const removed = rows.remove(name)
      if (!removed && builtIn.has(name))
        throw new BrowserFault('profile-built-in', `${name} is a built-in profile; it can be replaced, not removed`)
      if (!removed) throw notFound(name)
      announcer.emit({ type: 'profile-removed', subject: name, actor, data: { builtIn: builtIn.has(name) } })
    },
  }
}

/** An earlier version kept a name and password inside an address; reading it takes them out. */
function tidy(rows: ProfileRows, clock: Clock): void {
  try {
    for (const { name, body } of rows.all()) {
      const profile = body.includes('@') ? readProfile(body) : null
      if (profile !== null && JSON.stringify(profile) !== body) rows.put(name, JSON.stringify(profile), clock.now())
    }
  } catch {
    // A disk that refuses now may take it at the next start; what is shown goes without them in any case.
  }
}

/** What the schema cannot see: that a profile that logs in says how, and once. */
function checkForm(profile: SiteProfile): void {
  if (profile.kind === 'form' && !logsIn(profile))
    throw new BrowserFault('profile-invalid', 'A profile of kind form says where its form is, or has a login of steps')
  if (profile.form !== null && profile.login !== null)
    throw new BrowserFault('profile-invalid', 'A profile has a form or a login of steps, not both')
}

/** And that each pattern is one. */
async function checkPatterns(profile: SiteProfile): Promise<void> {
  const expressions: Record<string, string | undefined> = {
    'success.url': profile.success?.url,
    'failure.url': profile.failure?.url,
    'refresh.loggedOutUrl': profile.refresh?.loggedOutUrl,
  }
  for (const [operation, { inputs }] of Object.entries(profile.operations)) {
    for (const [field, pattern] of Object.entries(inputs)) expressions[`operations.${operation}.inputs.${field}`] = pattern
  }
  for (const [field, expression] of Object.entries(expressions)) {
    const problem = expression === undefined ? null : await problemOf(expression)
    if (problem !== null)
      throw new BrowserFault('profile-invalid', `${field} is not a regular expression that RE2 knows: ${problem}`, { field })
  }
}

async function problemOf(expression: string): Promise<string | null> {
  try {
    await linearPattern(expression)
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** Null for a row that an older or newer version wrote and this one cannot read: the built-in one then stands. */
function readProfile(body: string): SiteProfile | null {
  try {
    const parsed = siteProfile.safeParse(JSON.parse(body))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}

const notFound = (name: string) => new BrowserFault('profile-not-found', `There is no site profile ${name}`)
