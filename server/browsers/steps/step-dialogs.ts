/** The dialogs that come up while steps run. An open one stops everything that asks its page, so each is answered at once. */
import type { Dialog, Page } from 'puppeteer-core'
import type { SiteStep } from '../contract/site-steps.ts'

export class StepDialogs {
  /** The steps for those to come, in their order. */
  #expected: SiteStep[] = []
  readonly #answered = new Set<SiteStep>()
  readonly #fill: (text: string) => string
  readonly #onSaid: (message: string, answer: 'accept' | 'dismiss') => void
  #latest: string | null = null
  /** While a person is at work, their dialogs are theirs. */
  leftToPerson = false

  constructor(fill: (text: string) => string, onSaid: (message: string, answer: 'accept' | 'dismiss') => void = () => undefined) {
    this.#fill = fill
    this.#onSaid = onSaid
  }

  /** What the last one said; null when none has since `forget`. */
  get latest(): string | null {
    return this.#latest
  }

  forget(): void {
    this.#latest = null
  }

  /** Dialogs that come from now on are meant by these steps. */
  expect(steps: readonly SiteStep[]): void {
    this.#expected = steps.filter((step) => !this.#answered.has(step))
  }

  isAnswered(step: SiteStep): boolean {
    return this.#answered.has(step)
  }

  watch(page: Page): () => void {
    const onDialog = (dialog: Dialog): void => this.#answer(dialog)
    page.on('dialog', onDialog)
    return () => page.off('dialog', onDialog)
  }

  #answer(dialog: Dialog): void {
    if (this.leftToPerson) return
    // A page that is being left may be left.
    if (dialog.type() === 'beforeunload') return void dialog.accept().catch(() => undefined)
    this.#latest = dialog.message()
    const step = this.#expected.shift()
    if (step !== undefined) this.#answered.add(step)
    const answer = step?.dialog ?? 'dismiss'
    this.#onSaid(dialog.message(), answer)
    const done = answer === 'accept' ? dialog.accept(step?.text === undefined ? undefined : this.#fill(step.text)) : dialog.dismiss()
    // Refused when somebody else has closed it first, which is as good.
    done.catch(() => undefined)
  }
}
