/** Tools for what a page asks, and for scripts of the agent's own. */
import type { ElementHandle, Page } from 'puppeteer-core'
import { z } from 'zod'
import { abortable } from '../../async/abortable.ts'
import { withDeadline } from '../../async/deadline.ts'
import { BrowserFault } from '../../browsers/fault.ts'
import { inSiteWorld } from '../../browsers/page/isolated.ts'
import { builtInTool, type BuiltInTool } from '../../relay/built-in/server.ts'
import { comeToWork, type BrowserAccess } from './access.ts'
import { act } from './act.ts'
import { answer } from './answer.ts'
import { findElement, isNamed, target } from './element.ts'
import { about, sessionId } from './parts.ts'
import { asPageContent } from './shown.ts'

const changing = { readOnly: false, destructive: true, right: 'browsers:use', about } as const
/** Ms for what a page does after its dialog is answered, before the answer says how it looks. */
const afterDialog = 5_000
const longestResult = 50_000

export function scriptTools(service: BrowserAccess): BuiltInTool[] {
  return [
    builtInTool({
      ...changing,
      name: 'browser_dialog',
      title: 'Answer a dialog',
      description:
        'Accepts or dismisses the alert, confirm or prompt that the page shows. Without this tool such dialogs are dismissed at once.',
      secrets: { typed: ['text'] },
      input: z.object({ ...sessionId, accept: z.boolean(), text: z.string().max(10_000).optional().describe('For a prompt') }),
      async run({ session_id: id, accept, text }, call) {
        const workplace = await comeToWork(service, id, call)
        const { dialog } = workplace
        if (dialog === null) throw new BrowserFault('page-failed', 'The page shows no dialog; browser_snapshot shows what it does show')
        const next = Promise.withResolvers<null>()
        const stop = workplace.onDialog(() => next.resolve(null))
        try {
          await abortable(dialog.answer(accept, text), call.signal)
          // The scripts that asked go on now; a page that asks again at once says so here.
          const free = workplace
            .tab()
            .page.evaluate('1')
            .catch(() => null)
          const late = (): Error => new Error('late')
          await withDeadline(afterDialog, call.signal, (within) => abortable(Promise.race([free, next.promise]), within), late).catch(
            () => undefined,
          )
          call.signal.throwIfAborted()
        } finally {
          stop()
        }
        return answer(workplace, `${accept ? 'Accepted' : 'Dismissed'} the ${dialog.kind}`, call.signal)
      },
    }),
    builtInTool({
      ...changing,
      name: 'browser_evaluate',
      title: 'Run a script in a page',
      description:
        'Runs JavaScript in the page, with all that its own scripts may do there: an expression, or a function, which is given the element if one is named. Answers with the result as JSON.',
      input: z.object({ ...sessionId, ...target, script: z.string().min(1).max(50_000) }),
      run: ({ session_id: id, script, ...named }, call) =>
        act(service, id, call, {
          size: 2_000,
          refs: [named.ref],
          run: async ({ page }, workplace, signal) => {
            const found = isNamed(named) ? await findElement(workplace, named, signal) : null
            const result = found === null ? inPage(page, script) : onElement(found.element, script)
            const value = await abortable(
              result.catch((error: unknown) => {
                throw new BrowserFault(
                  'page-failed',
                  `The script failed: ${error instanceof Error ? error.message.slice(0, 1_000) : String(error).slice(0, 1_000)}`,
                )
              }),
              signal,
            )
            const text = value === undefined ? 'undefined' : (JSON.stringify(value) ?? String(value))
            const cut = text.length > longestResult ? `\n${text.length - longestResult} more characters are left out` : ''
            return `The script came to:\n${asPageContent(text.slice(0, longestResult))}${cut}`
          },
        }),
    }),
  ]
}

const looksLikeFunction = (script: string): boolean => /^\s*(async\s+)?(function\b|\([^)]*\)\s*=>|[\w$]+\s*=>)/.test(script)

const asExpression = (script: string): string => (looksLikeFunction(script) ? `(${script.trim().replace(/;+$/, '')})()` : script)

/** What the engine says of a script before it runs any of it: that may be run in another form. */
const notBegun = /^(Identifier '.*' has already been declared|Illegal return statement|await is only valid in async functions)/

/** Also one that is written as the body of a function, waits, or names its variables as one before it did. */
async function inPage(page: Page, script: string): Promise<unknown> {
  try {
    return await page.evaluate(asExpression(script))
  } catch (error) {
    const [, said] = notBegun.exec(error instanceof Error && error.name === 'SyntaxError' ? error.message : '') ?? []
    if (said === undefined) throw error
    if (said.startsWith('Identifier')) return page.evaluate(`{${script}\n}`)
    const isBody = /\breturn\b/.test(script)
    return page.evaluate(`(async () => ${isBody ? `{${script}\n}` : `(${script.trim().replace(/;+$/, '')}\n)`})()`)
  }
}

/** In the world of the page's own scripts. */
async function onElement(element: ElementHandle<Element>, script: string): Promise<unknown> {
  const own = await inSiteWorld(element)
  const source = looksLikeFunction(script) ? script.trim().replace(/;+$/, '') : `function () { return (${script}) }`
  // The library sends what a function is written as, and evaluates none that is given as text.
  const work = Object.assign((each: Element): unknown => each, { toString: () => source })
  return own.evaluate(work)
}
