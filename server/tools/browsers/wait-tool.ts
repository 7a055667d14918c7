/** Waiting for a page, a file or a person, for a bounded time. */
import { z } from 'zod'
import type { Frame } from 'puppeteer-core'
import { waitFor } from '../../async/deadline.ts'
import { BrowserFault } from '../../browsers/fault.ts'
import { isBetweenDocuments } from '../../browsers/page/between-documents.ts'
import { find, framesOf, ask } from '../../browsers/page/find.ts'
import { evaluateIsolated } from '../../browsers/page/isolated.ts'
import { until } from '../../browsers/page/until.ts'
import { builtInTool, type BuiltInTool } from '../../relay/built-in/server.ts'
import { withDeadline } from '../../async/deadline.ts'
import { comeIn, ended, type BrowserAccess } from './access.ts'
import { answer } from './answer.ts'
import { target, type Target } from './element.ts'
import { about, sessionId } from './parts.ts'
import type { Workplace } from './workplace.ts'

const input = z.object({
  ...sessionId,
  ...target,
  text: z.string().min(1).max(500).optional().describe('Until it shows'),
  text_gone: z.string().min(1).max(500).optional().describe('Until it shows no more'),
  gone: z.boolean().default(false).describe('With ref or selector: until it does not show any more'),
  url: z.string().min(1).max(500).optional().describe('Until the address contains it'),
  load: z.boolean().optional().describe('Until the page has loaded'),
  person: z.boolean().optional().describe('Until the person who took over has given the browser back'),
  seconds: z.number().min(0.1).max(50).default(10).describe('At most'),
})
type Wanted = z.output<typeof input>

export function waitTools(service: BrowserAccess): BuiltInTool[] {
  return [
    builtInTool({
      name: 'browser_wait_for',
      title: 'Wait for something',
      description:
        'Waits until all that is named is so: a text, an element, an address, the end of loading, a person. With nothing named it waits for the time.',
      input,
      readOnly: true,
      right: 'browsers:use',
      about,
      async run(wanted, call) {
        const workplace = await comeIn(service, wanted.session_id, call)
        const { session } = workplace
        const signal = AbortSignal.any([call.signal, session.life])
        const ms = wanted.seconds * 1_000
        const questions = questionsOf(wanted, workplace)
        const late = (): BrowserFault => new BrowserFault('page-failed', `Not within ${wanted.seconds} seconds: ${wordsOf(wanted)}`)
        let words = wordsOf(wanted)
        try {
          await workplace.watch(workplace.tab(), call.has('browser_dialog'))
          if (questions.length === 0) await waitFor(ms, (done) => workplace.onDialog(done), { signal })
          else
            await withDeadline(
              ms,
              signal,
              (within) => until(async () => (workplace.dialog !== null || (await areAll(questions)) ? true : null), within),
              late,
            )
        } catch (error) {
          call.signal.throwIfAborted()
          if (!session.live || !BrowserFault.is(error, 'page-failed')) throw await ended(session, error)
          words = error.message
        }
        call.signal.throwIfAborted()
        return answer(workplace, words, call.signal)
      },
    }),
  ]
}

type Question = () => Promise<boolean> | boolean

function questionsOf(wanted: Wanted, workplace: Workplace): Question[] {
  const { session } = workplace
  const questions: Question[] = []
  const { text, text_gone: textGone, url, ref, selector, gone } = wanted
  if (wanted.person === true) questions.push(() => session.control.holder === null && !session.login.wantsPerson)
  if (url !== undefined) questions.push(() => workplace.tab().page.url().includes(url))
  if (wanted.load === true) questions.push(() => inMain(workplace, () => document.readyState === 'complete'))
  if (text !== undefined) questions.push(() => shows(workplace, text))
  if (textGone !== undefined) questions.push(async () => !(await shows(workplace, textGone)))
  if (ref !== undefined || selector !== undefined) questions.push(async () => (await isThere(workplace, { ref, selector })) !== gone)
  return questions
}

async function areAll(questions: readonly Question[]): Promise<boolean> {
  for (const question of questions) if (!(await question())) return false
  return true
}

/** In the page or in one of its frames. */
async function shows(workplace: Workplace, text: string): Promise<boolean> {
  const { page } = workplace.tab()
  const source = `(document.body?.innerText ?? '').replace(/\\s+/g, ' ').includes(${JSON.stringify(text.replace(/\s+/g, ' '))})`
  for (const frame of framesOf(page)) if ((await ask(page, frame, () => evaluateIsolated(frame, source))) === true) return true
  return false
}

async function inMain(workplace: Workplace, question: () => boolean): Promise<boolean> {
  const frame: Frame = workplace.tab().page.mainFrame()
  return evaluateIsolated(frame, question).catch((error: unknown) => {
    if (isBetweenDocuments(error)) return false
    throw error
  })
}

async function isThere(workplace: Workplace, { ref, selector }: Target): Promise<boolean> {
  if (ref === undefined) return (await find(workplace.tab().page, selector ?? '')) !== null
  try {
    const element = await workplace.refs.find(ref)
    const shown = await element.isVisible()
    element.dispose().catch(() => undefined)
    return shown
  } catch (error) {
    if (BrowserFault.is(error, 'element-missing')) return false
    throw error
  }
}

function wordsOf({ text, text_gone: textGone, url, load, person, ref, selector, gone, seconds }: Wanted): string {
  const parts = [
    text === undefined ? '' : `the text ${JSON.stringify(text)} shows`,
    textGone === undefined ? '' : `the text ${JSON.stringify(textGone)} shows no more`,
    ref === undefined && selector === undefined ? '' : `${ref ?? selector} ${gone ? 'does not show any more' : 'shows'}`,
    url === undefined ? '' : `the address contains ${JSON.stringify(url)}`,
    load === true ? 'the page has loaded' : '',
    person === true ? 'no person drives the browser' : '',
  ].filter((part) => part !== '')
  return parts.length === 0 ? `Waited ${seconds} seconds` : parts.join(', ')
}
