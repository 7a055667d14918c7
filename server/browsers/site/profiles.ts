/** The site profiles: the built-in ones and those the person made, which may stand in for a built-in one. */
import type { Database } from 'better-sqlite3'
import { z } from 'zod'
import { systemClock, type Clock } from '../../clock.ts'
import { createAnnouncer } from '../../events/event-types.ts'
import type { EventSink } from '../../events/event.ts'
import { linearPattern } from '../../linear-pattern.ts'
import type { Sealer } from '../../secrets/sealer.ts'
import { siteProfile, type SiteProfile } from '../contract/site-profile.ts'
import { stepKinds, type SiteStep } from '../contract/site-steps.ts'
import { browserEvents } from '../events.ts'
import { BrowserFault } from '../fault.ts'
import type { Values } from '../steps/fill-in.ts'
import { builtInProfiles } from './built-in-profiles.ts'
import { checkProfile } from './check-profile.ts'
import { createProfileSecrets, noSealer, withoutSecretValues } from './profile-secrets.ts'
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
  /**
   * What `{name}` stands for in the profile's steps: its fields, and the one-time code of the moment in which it is asked. A secret that
   * the profile does not bring itself is the stored one. Throws `profile-invalid` for a secret that makes no codes, `sealed-locked`.
   */
  valuesOf(profile: SiteProfile): Promise<() => Values>
  /** Removing an override brings the built-in profile back. Throws `profile-not-found` or `profile-built-in`. */
  remove(name: string, actor: string): void
}

export function createProfileStore(
  database: Database,
  events: EventSink,
  clock: Clock = systemClock,
  sealer: Sealer = noSealer,
): ProfileStore {
  const announcer = createAnnouncer(events, 'browsers', browserEvents)
  const rows = createProfileRows(database)
  const secrets = createProfileSecrets(rows, sealer, clock)
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
      const stored = rows
        .all()
        .flatMap(({ body }) => readProfile(body) ?? [])
        .map((profile) => secrets.shown(profile))
      const own = [...stored.filter(({ name }) => !lent.has(name)), ...[...lent.values()].map(withoutSecretValues)]
      const replaced = new Set(own.map((profile) => profile.name))
      const delivered = builtInProfiles.filter((profile) => !replaced.has(profile.name))
      return [
        ...own.map((profile) => ({ ...profile, builtIn: false })),
        ...delivered.map((profile) => ({ ...profile, builtIn: true })),
      ].sort((a, b) => (a.name < b.name ? -1 : 1))
    },
    get(name) {
      const borrowed = lent.get(name)
      if (borrowed !== undefined) return { ...withoutSecretValues(borrowed), builtIn: false }
      const own = readProfile(rows.find(name) ?? '')
      if (own !== null) return { ...secrets.shown(own), builtIn: false }
      const delivered = builtIn.get(name)
      if (delivered === undefined) throw notFound(name)
      return { ...delivered, builtIn: true }
    },
    lend(profile) {
      checkLent(profile.name)
      checkProfile(profile)
      lent.set(profile.name, profile)
      return () => void lent.delete(profile.name)
    },
    async put(name, profile, actor) {
      const whole = { ...profile, name }
      checkProfile(whole)
      await checkPatterns(whole)
      await secrets.check(whole)
      // It may have been lent meanwhile.
      checkLent(name)
      const isNew = rows.find(name) === null && !builtIn.has(name)
      rows.putWithSecrets(name, JSON.stringify(withoutSecretValues(whole)), clock.now(), secrets.seal(whole))
      announcer.emit({
        type: isNew ? 'profile-made' : 'profile-changed',
        subject: name,
        actor,
      })
      return { ...secrets.shown(whole), builtIn: false }
    },
    valuesOf: (profile) => secrets.valuesOf(lent.get(profile.name) ?? profile),
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

/** What the schema cannot see: that each pattern is one. */
async function checkPatterns(profile: SiteProfile): Promise<void> {
  const expressions: Record<string, string | undefined> = {
    'success.url': profile.success?.url,
    'failure.url': profile.failure?.url,
    'refresh.loggedOutUrl': profile.refresh?.loggedOutUrl,
    ...addressPatterns('login', profile.login?.steps ?? []),
  }
  for (const [operation, { inputs, steps, notFound }] of Object.entries(profile.operations)) {
    Object.assign(expressions, addressPatterns(`operations.${operation}`, steps), {
      [`operations.${operation}.notFound.url`]: notFound?.url,
    })
    for (const [field, pattern] of Object.entries(inputs)) expressions[`operations.${operation}.inputs.${field}`] = pattern
  }
  for (const [field, expression] of Object.entries(expressions)) {
    const problem = expression === undefined ? null : await problemOf(expression)
    if (problem !== null)
      throw new BrowserFault('profile-invalid', `${field} is not a regular expression that RE2 knows: ${problem}`, { field })
  }
}

/** Of what steps wait for. */
function addressPatterns(where: string, steps: readonly SiteStep[]): Record<string, string | undefined> {
  const patterns = steps.flatMap(({ waitFor, until }, index): [string, string | undefined][] => [
    [`${where}.steps.${index}.waitFor.url`, typeof waitFor === 'object' && 'url' in waitFor ? waitFor.url : undefined],
    [`${where}.steps.${index}.until.url`, until?.url],
  ])
  return Object.fromEntries(patterns)
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
    const parsed = siteProfile.safeParse(withoutIdleSteps(JSON.parse(body)))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}

/** An earlier version took a step that does nothing. */
function withoutIdleSteps(body: unknown): unknown {
  const found = z.looseObject({ operations: z.record(z.string(), z.looseObject({ steps: z.array(z.looseObject({})) })) }).safeParse(body)
  if (!found.success) return body
  const doesSomething = (step: object): boolean => stepKinds.some((kind) => kind in step)
  const operations = Object.entries(found.data.operations).map(([name, operation]) => [
    name,
    { ...operation, steps: operation.steps.filter(doesSomething) },
  ])
  return { ...found.data, operations: Object.fromEntries(operations) as unknown }
}

const notFound = (name: string) => new BrowserFault('profile-not-found', `There is no site profile ${name}`)
