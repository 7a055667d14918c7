/** What a page says: its HTML, its readable text, its elements. Read in a world of its own, which the page's scripts do not reach. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Page } from 'puppeteer-core'
import type { OneShotOf } from '../contract/one-shots.ts'
import { BrowserFault } from '../fault.ts'

/** Throws `result-too-large`. */
export async function html(page: Page, maxBytes: number): Promise<string> {
  const text = await inOwnWorld(
    page,
    `(() => {
      const kind = document.doctype === null ? '' : new XMLSerializer().serializeToString(document.doctype)
      const text = kind + document.documentElement.outerHTML
      return text.length > ${maxBytes} ? null : text
    })()`,
  )
  if (typeof text !== 'string') throw new BrowserFault('result-too-large', `The page has more than ${maxBytes} characters`)
  return text
}

type Readable = { byline: string | null; excerpt: string | null }

export async function readable(
  page: Page,
  request: OneShotOf<'text'> | OneShotOf<'markdown'>,
): Promise<Readable & ({ text: string } | { markdown: string })> {
  const [readability, turndown] = await Promise.all([pageScript('Readability.js'), pageScript('turndown.js')])
  // Both libraries stand in the same function as what uses them, so nothing is left in the world.
  const read = `(() => {
    const module = undefined
    ${readability}
    ${request.kind === 'markdown' ? turndown : ''}
    const article = ${request.readable} ? new Readability(document.cloneNode(true)).parse() : null
    const facts = { byline: article?.byline ?? null, excerpt: article?.excerpt ?? null }
    if (${JSON.stringify(request.kind)} === 'text') {
      const text = article?.textContent ?? document.body?.innerText ?? ''
      return { ...facts, text: text.replace(/[ \\t]+\\n/g, '\\n').replace(/\\n{3,}/g, '\\n\\n').trim() }
    }
    const service = new TurndownService({ headingStyle: 'atx', codeBlockStyle: 'fenced', bulletListMarker: '-' })
    service.remove(['script', 'style', 'noscript', 'template'])
    return { ...facts, markdown: service.turndown(article?.content ?? document.body?.cloneNode(true) ?? '') }
  })()`
  // Of the shape that stands above.
  return (await inOwnWorld(page, read)) as Awaited<ReturnType<typeof readable>>
}

type Wanted = OneShotOf<'scrape'>['elements']

/** Throws what a selector that is none throws. */
export function elements(page: Page, wanted: Wanted) {
  return Promise.all(
    wanted.map(async ({ selector, name = selector, attributes, html: withHtml, limit }) => {
      const handles = (await page.$$(selector)).slice(0, limit)
      const matches = await Promise.all(handles.map((handle) => handle.evaluate(describe, attributes, withHtml)))
      return { name, matches }
    }),
  )
}

/** Runs inside the page, so it must stand on its own. */
function describe(element: Element, attributes: readonly string[], withHtml: boolean) {
  const text = element instanceof HTMLElement ? element.innerText : (element.textContent ?? '')
  return {
    text: text.trim(),
    attributes: Object.fromEntries(attributes.map((name) => [name, element.getAttribute(name)])),
    ...(withHtml ? { html: element.outerHTML } : {}),
  }
}

async function inOwnWorld(page: Page, expression: string): Promise<unknown> {
  const cdp = await page.createCDPSession()
  try {
    const { frameTree } = await cdp.send('Page.getFrameTree')
    const { executionContextId } = await cdp.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id, worldName: 'reading' })
    const { result, exceptionDetails } = await cdp.send('Runtime.evaluate', {
      expression,
      contextId: executionContextId,
      returnByValue: true,
    })
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description?.split('\n')[0] ?? exceptionDetails.text)
    return result.value
  } finally {
    cdp.detach().catch(() => undefined)
  }
}

const sources = { 'Readability.js': ['@mozilla/readability', 'Readability.js'], 'turndown.js': ['turndown', 'dist/turndown.js'] } as const
const read = new Map<string, Promise<string>>()

/** The text of a library that runs in pages: beside the built server, or where it is installed. */
function pageScript(name: keyof typeof sources): Promise<string> {
  const known = read.get(name)
  if (known !== undefined) return known
  const [library, file] = sources[name]
  const built = ['..', '../..'].map((up) => join(import.meta.dirname, up, 'page-scripts', name)).find((path) => existsSync(path))
  const text = readFile(built ?? join(createRequire(import.meta.url).resolve(`${library}/package.json`), '..', file), 'utf8')
  read.set(name, text)
  return text
}
