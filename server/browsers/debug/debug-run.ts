/**
 * One run of an operation that somebody wants to look into: a picture and the document after each step, with what is secret left out, and
 * what the session's recorder has heard meanwhile.
 */
import type { AsyncZippable } from 'fflate'
import type { Page } from 'puppeteer-core'
import { iso, type Clock } from '../../clock.ts'
import { oneByOne, selectorOf, kindOf } from '../contract/site-steps.ts'
import type { SessionEventText } from '../events.ts'
import { wordsOf } from '../page/driver-words.ts'
import { targetIdOf } from '../page/targets.ts'
import { text, zipped } from '../recorder/archive.ts'
import { harOf } from '../recorder/har.ts'
import { blank, createBlanker, safeAddress } from '../recorder/secrets.ts'
import type { Session } from '../session/session.ts'
import type { Values } from '../steps/fill-in.ts'
import type { StepReport } from '../steps/step-report.ts'
import { stepWords } from '../steps/step-words.ts'
import { secretNamesOf, secretsOf, type Secrets } from '../trial/cover.ts'
import { takePicture } from '../trial/picture.ts'
import { markupOf } from './markup.ts'

/** Bytes of pictures and documents; what comes later is left out. */
const mostBytes = 30_000_000
const mostFrames = 8

interface SeenStep {
  /** Names the files that belong to it. */
  name: string
  step: number | null
  words: string
  state: string
  at: string
  ms: number | null
  address: string
  found?: StepReport['found']
  failure?: StepReport['failure']
  leftOut?: true
}

export interface DebugRunOptions {
  operation: string
  inputs: Readonly<Record<string, string>>
  clock: Clock
  textOf: SessionEventText
}

export class DebugRun {
  readonly #options: DebugRunOptions
  readonly #startedAt: number
  readonly #files: AsyncZippable = {}
  readonly #seen: SeenStep[] = []
  /** The names of the run's pages, as the recorder has them. */
  readonly #pages = new Set<string>()
  /** Everything that was secret at any moment of the run; a one-time code is another one soon. */
  readonly #secretTexts = new Set<string>()
  #bytes = 0
  #session: Session | null = null
  #values: () => Values = () => ({})
  #before = 0
  #outcome: { result: unknown } | { said: string } | null = null

  constructor(options: DebugRunOptions) {
    this.#options = options
    this.#startedAt = options.clock.now()
  }

  /** Null before the operation has begun on one. */
  get session(): Session | null {
    return this.#session
  }

  /** What `work` comes to on a page of the session; called again when the site wants a new login first. */
  async watch<Result>(session: Session, page: Page, values: () => Values, work: () => Promise<Result>): Promise<Result> {
    if (this.#session === null) this.#before = session.recorder.all(this.#options.textOf).at(-1)?.id ?? 0
    this.#session = session
    this.#values = values
    this.#pages.add(targetIdOf(page.target()))
    try {
      const result = await work()
      this.#outcome = { result }
      await this.#look(page, 'end', { step: null, words: 'the end', state: 'done', ms: null })
      return result
    } catch (error) {
      this.#outcome = { said: wordsOf(error) }
      await this.#look(page, 'end', { step: null, words: 'the end', state: 'failed', ms: null })
      throw error
    }
  }

  /** The observer of its steps. */
  async heard({ index, step, state, ms, found, failure, page }: StepReport): Promise<void> {
    this.#pages.add(targetIdOf(page.target()))
    if (state === 'running') return
    const facts = { ...(found === undefined ? {} : { found }), ...(failure === undefined ? {} : { failure }) }
    await this.#look(page, `${kindOf(step)}-${state}`, { step: index + 1, words: stepWords(step), state, ms, ...facts }, selectorOf(step))
  }

  /** Before the session has forgotten what was recorded. Null when the operation never began. */
  async bundle(): Promise<Uint8Array | null> {
    const session = this.#session
    if (session === null) return null
    const { recorder, profile, browser, id } = session
    const isOurs = (entry: { id: number; page: string }): boolean => entry.id > this.#before && this.#pages.has(entry.page)
    const events = recorder.all(this.#options.textOf).filter(({ id: entry }) => entry > this.#before)
    const run = {
      ...{ session: id, site: profile.name, operation: this.#options.operation, inputs: this.#options.inputs },
      ...{ startedAt: iso(this.#startedAt), endedAt: iso(this.#options.clock.now()), outcome: this.#outcome, steps: this.#seen },
    }
    const har = harOf({
      requests: recorder.requests().filter(isOurs),
      pending: recorder.pending(),
      loads: recorder.loads().filter(({ page }) => this.#pages.has(page)),
      browser: browser.running?.version ?? null,
    })
    return zipped({
      'run.json': this.#safe(run),
      'events.json': this.#safe(events),
      'requests.har': this.#safe(har),
      ...this.#files,
    })
  }

  async #look(page: Page, what: string, facts: Omit<SeenStep, 'name' | 'at' | 'address'>, selector: string | null = null): Promise<void> {
    const { clock } = this.#options
    const startTimer = this.#session?.startTimer
    const name = `${String(this.#seen.length + 1).padStart(2, '0')}-${what}`
    const secrets = this.#secrets()
    const entry: SeenStep = { name, ...facts, at: iso(clock.now()), address: safeAddress(page.url(), this.#blanker) }
    this.#seen.push(entry)
    if (page.isClosed()) return
    const picture = await takePicture(page, secrets, selector, { clock, startTimer })
    if (picture !== null) this.#add(entry, `steps/${name}.jpg`, picture.jpeg, 0)
    const [main, ...others] = page.frames()
    for (const [at, frame] of [main, ...others.slice(0, mostFrames)].entries()) {
      const markup = frame === undefined ? null : await markupOf(frame, secrets.fields, this.#blanker, startTimer)
      if (markup !== null) this.#add(entry, `steps/${name}${at === 0 ? '' : `-frame-${at}`}.html`, Buffer.from(markup), 6)
    }
  }

  #add(entry: SeenStep, name: string, bytes: Uint8Array, level: 0 | 6): void {
    this.#bytes += bytes.length
    if (this.#bytes > mostBytes) entry.leftOut = true
    else this.#files[name] = [bytes, { level }]
  }

  #secrets(): Secrets {
    const session = this.#session
    if (session === null) return { texts: [], fields: [] }
    const { profile, credentials } = session
    const names = secretNamesOf(profile)
    const values = this.#values()
    const texts = [...names.map((name) => values[name]), credentials.password, credentials.captchaApiKey]
    for (const secret of texts) if (secret !== undefined && secret !== '') this.#secretTexts.add(secret)
    const steps = oneByOne(profile.operations[this.#options.operation]?.steps ?? [])
    return secretsOf(steps, [...this.#secretTexts], names)
  }

  readonly #blanker = createBlanker(() => [...this.#secretTexts])

  #safe(value: unknown): Uint8Array {
    const names = new Set(secretNamesOf(this.#session?.profile ?? { fields: {} }))
    const clean = (key: string, each: unknown): unknown => {
      if (typeof each !== 'string') return each
      return names.has(key) ? blank : this.#blanker(each)
    }
    return text(JSON.parse(JSON.stringify(value, clean)) as unknown)
  }
}
