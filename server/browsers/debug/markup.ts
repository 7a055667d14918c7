/** What a page's document holds, as text without secrets: for whoever has to find out why a selector found nothing. */
import type { Frame } from 'puppeteer-core'
import { evaluateIsolated } from '../page/isolated.ts'
import { safeMarkup, type Blanker } from '../recorder/secrets.ts'
import { withDeadline, type StartTimer } from '../../async/deadline.ts'

/** Ms: a page that hangs has none. */
const patience = 3_000
/** Letters of one document. */
const longest = 1_000_000

/** Null when it cannot be read. `fields`: selectors of what holds secrets. */
export async function markupOf(frame: Frame, fields: readonly string[], blanker: Blanker, startTimer?: StartTimer): Promise<string | null> {
  try {
    const read = (): Promise<string> => evaluateIsolated(frame, readMarkup, fields)
    const markup = await withDeadline(patience, new AbortController().signal, read, () => new Error('late'), startTimer)
    return safeMarkup(markup, blanker).slice(0, longest)
  } catch {
    // The frame has gone, is between two documents, or hangs.
    return null
  }
}

/**
 * Runs inside a frame, so it must stand on its own. Open shadow roots are told as templates. Works on a copy that is read anew, where no
 * script runs; leaves out what scripts say and what fields of passwords and hidden ones hold.
 */
function readMarkup(fields: readonly string[]): string {
  const shadows: ShadowRoot[] = []
  const find = (root: Document | ShadowRoot): void => {
    for (const element of root.querySelectorAll('*')) {
      if (element.shadowRoot === null) continue
      shadows.push(element.shadowRoot)
      find(element.shadowRoot)
    }
  }
  find(document)
  const inside = document.documentElement.getHTML({ shadowRoots: shadows })
  const copy = new DOMParser().parseFromString(`<!doctype html><html>${inside}</html>`, 'text/html')
  const holdsSecret = (element: Element): boolean =>
    element.matches('input[type="password" i], input[type="hidden" i]') ||
    fields.some((field) => {
      try {
        return element.matches(field)
      } catch {
        return false // no CSS
      }
    })
  const clean = (root: Document | DocumentFragment): void => {
    for (const element of root.querySelectorAll('*')) {
      if (element instanceof HTMLTemplateElement) clean(element.content)
      // Of the copy's own document, so no instance of this one's classes would tell.
      if (element.localName === 'script') element.textContent = ''
      else if (holdsSecret(element)) {
        element.removeAttribute('value')
        if (element.localName === 'textarea') element.textContent = ''
      }
      if (element.localName === 'meta' && /csrf|token/i.test(element.getAttribute('name') ?? '')) element.removeAttribute('content')
    }
  }
  clean(copy)
  return `<!-- ${location.href.split(/[?#]/)[0] ?? ''} -->\n${copy.documentElement.outerHTML}\n`
}
