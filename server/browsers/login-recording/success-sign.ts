/** By what one sees that a login has come to its end: what shows afterwards and did not before. */
import type { Page } from 'puppeteer-core'
import type { PageSign } from '../contract/site-steps.ts'
import { evaluateIsolated } from '../page/isolated.ts'
import { selectorsOf } from './selectors-of.ts'

/** The selector of what signs out again, if the page shows that. */
export function wayOut(page: Page): Promise<string | null> {
  return evaluateIsolated<[], string | null>(page.mainFrame(), `(${look.toString()})(${selectorsOf.toString()})`)
}

/** A way out counts more than an address, which any page may have. `before`, `after`: with the way out that the page showed. */
export function successSign(
  before: { address: string; wayOut: string | null },
  after: { address: string; wayOut: string | null },
): PageSign | null {
  if (after.wayOut !== null && after.wayOut !== before.wayOut) return { selector: after.wayOut }
  const [from, to] = [URL.parse(before.address), URL.parse(after.address)]
  if (to === null || (from?.origin === to.origin && from.pathname === to.pathname)) return null
  return { url: `^${`${to.origin}${to.pathname}`.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}([?#]|$)` }
}

/** Runs inside the page, so it must stand on its own; `name` is what names elements. */
function look(name: (element: Element) => string[]): string | null {
  const words =
    /^(log|sign) ?-?(out|off)$|^(abmelden|ausloggen|wyloguj( się)?|(se )?déconnecter|déconnexion|cerrar sesión|esci|uitloggen|sair)$/i
  for (const element of document.querySelectorAll<HTMLElement>(
    'a, button, input[type=submit], [role=button], [role=link], [role=menuitem]',
  )) {
    const shown = element instanceof HTMLInputElement ? element.value : element.innerText || (element.getAttribute('aria-label') ?? '')
    if (words.test(shown.replace(/\s+/g, ' ').trim()) && element.checkVisibility({ visibilityProperty: true }))
      return name(element)[0] ?? null
  }
  return null
}
