/** Listens to what a person does on the pages of a session, in all frames of all of them. */
import { randomBytes } from 'node:crypto'
import type { CDPSession, Page, Protocol } from 'puppeteer-core'
import { recordedNote, recordingScript } from './recording-script.ts'
import type { Noted } from './steps-of.ts'

interface Listened {
  pages: {
    list(): readonly { page: Page }[]
    onChange(listener: () => void): () => void
  }
}

/** `noted` is called in the order in which things were done. Resolves, when the pages are listened to, with what ends it. */
export async function listenToPerson(session: Listened, noted: (note: Noted) => void): Promise<() => void> {
  const pages = new Map<Page, () => void>()
  const follow = async (): Promise<void> => {
    const fresh = session.pages.list().filter(({ page }) => !pages.has(page))
    const starts = fresh.map(({ page }) => {
      const listening = new PageListener(page, noted)
      pages.set(page, () => listening.stop())
      return listening.start()
    })
    await Promise.all(starts)
  }
  // A page that has gone meanwhile has nothing to listen to.
  const end = session.pages.onChange(() => void follow().catch(() => undefined))
  await follow()
  return () => {
    end()
    for (const stop of pages.values()) stop()
  }
}

class PageListener {
  readonly #page: Page
  readonly #noted: (note: Noted) => void
  /** Binding and world have one name that no site can guess. */
  readonly #channel = `_${randomBytes(9).toString('hex')}`
  #cdp: CDPSession | null = null
  #stopped = false

  constructor(page: Page, noted: (note: Noted) => void) {
    this.#page = page
    this.#noted = noted
  }

  async start(): Promise<void> {
    const cdp = await this.#page.createCDPSession()
    if (this.#stopped) return void cdp.detach().catch(() => undefined)
    this.#cdp = cdp
    let asked: Protocol.Page.JavascriptDialogOpeningEvent | null = null
    cdp.on('Page.javascriptDialogOpening', (dialog) => {
      asked = dialog
    })
    cdp.on('Page.javascriptDialogClosed', ({ result, userInput }) => {
      if (asked !== null && asked.type !== 'beforeunload')
        this.#noted({ kind: 'dialog', accepted: result, text: asked.type === 'prompt' ? userInput : '' })
      asked = null
    })
    await this.#listen(cdp)
  }

  stop(): void {
    this.#stopped = true
    this.#cdp?.detach().catch(() => undefined)
  }

  /** A frame of another site is a target of its own, with frames of its own. */
  async #listen(cdp: CDPSession): Promise<void> {
    cdp.on('Runtime.bindingCalled', ({ name, payload }) => {
      if (name === this.#channel) this.#take(payload)
    })
    cdp.on('sessionattached', (child: CDPSession) => {
      this.#listen(child)
        .catch(() => undefined) // it has gone again
        .finally(() => void child.send('Runtime.runIfWaitingForDebugger').catch(() => undefined))
    })
    await Promise.all([
      cdp.send('Page.enable'),
      cdp.send('Runtime.enable'),
      cdp.send('Runtime.addBinding', { name: this.#channel, executionContextName: this.#channel }),
      cdp.send('Page.addScriptToEvaluateOnNewDocument', {
        source: recordingScript(this.#channel),
        worldName: this.#channel,
        runImmediately: true,
      }),
      cdp.send('Target.setAutoAttach', {
        autoAttach: true,
        // So that nothing is done in a frame before it is listened to.
        waitForDebuggerOnStart: true,
        flatten: true,
        filter: [{ type: 'iframe' }],
      }),
    ])
  }

  #take(payload: string): void {
    const note = recordedNote.safeParse(parse(payload))
    if (note.success && !this.#stopped) this.#noted(note.data)
  }
}

/** Null for what was cut off by the end of its page. */
function parse(payload: string): unknown {
  try {
    return JSON.parse(payload)
  } catch {
    return null
  }
}
