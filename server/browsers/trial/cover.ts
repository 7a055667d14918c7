/** Covering what is secret on a page while it is photographed. */
import type { SiteProfile } from '../contract/site-profile.ts'
import { kindOf, type SiteStep } from '../contract/site-steps.ts'

/** What must not be seen: these texts wherever they stand, and whatever these selectors find. */
export interface Secrets {
  texts: string[]
  /** CSS, looked for in open shadow roots too. */
  fields: string[]
}

/** A secret shorter than this stands in half of all words. */
const shortest = 4

/** What of the values that a profile's steps fill in is secret. */
export function secretNamesOf({ fields }: Pick<SiteProfile, 'fields'>): string[] {
  return ['password', 'totp', ...Object.entries(fields).flatMap(([name, { secret }]) => (secret ? [name] : []))]
}

/** `names`: what of the values is secret, e.g. `password`. */
export function secretsOf(steps: readonly SiteStep[], values: readonly string[], names: readonly string[]): Secrets {
  const fields = steps.flatMap((step) => {
    const holdsSecret = names.some((name) => step.value?.includes(`{${name}}`) === true || step.text?.includes(`{${name}}`) === true)
    const last = kindOf(step) === 'fill' && holdsSecret ? step.fill?.split('>>>').at(-1)?.trim() : undefined
    return last === undefined || /^(text|aria|xpath|pierce)\/|::-p-/.test(last) ? [] : [last]
  })
  return { texts: values.filter((value) => value.length >= shortest), fields }
}

/**
 * Runs inside a frame, so it must stand on its own. Lays boxes over password fields, and over whatever holds or shows a secret, above all
 * else; or takes them away, and tells whether what they were to cover still stood beneath them and nothing else had come.
 */
export function coverSecrets({ texts, fields }: Secrets, on: boolean): boolean {
  const name = 'wheelhouse-cover'
  const isSecret = (element: Element): boolean => {
    const value = element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement ? element.value : ''
    if (value === '') return false
    if (element instanceof HTMLInputElement && element.type === 'password') return true
    if (texts.some((text) => value.includes(text))) return true
    return fields.some((field) => {
      try {
        return element.matches(field)
      } catch {
        return false // no CSS
      }
    })
  }
  const boxes: DOMRect[] = []
  const look = (root: Document | ShadowRoot): void => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      if (node instanceof Element) {
        if (isSecret(node)) boxes.push(node.getBoundingClientRect())
        if (node.shadowRoot !== null) look(node.shadowRoot)
      } else {
        const shown = node.textContent ?? ''
        if (!texts.some((text) => shown.includes(text))) continue
        const range = document.createRange()
        range.selectNodeContents(node)
        boxes.push(...range.getClientRects())
      }
    }
  }
  document.querySelector(name)?.remove()
  look(document)
  const places = boxes.filter(({ width, height }) => width > 0 && height > 0)
  const here = globalThis as unknown as Record<string, unknown> // a world of our own, which no site sees
  const seen = JSON.stringify(places)
  if (!on) return here[name] === seen
  here[name] = seen
  if (places.length === 0) return true
  const host = document.createElement(name)
  host.setAttribute('popover', 'manual')
  host.setAttribute('aria-hidden', 'true')
  const rules = {
    ...{ all: 'initial', position: 'fixed', inset: '0', width: '100vw', height: '100vh', display: 'block', overflow: 'visible' },
    ...{ background: 'none', border: '0', padding: '0', margin: '0', 'pointer-events': 'none', 'z-index': '2147483647' },
  }
  for (const [rule, value] of Object.entries(rules)) host.style.setProperty(rule, value, 'important')
  const shadow = host.attachShadow({ mode: 'closed' })
  for (const { x, y, width, height } of places) {
    const box = document.createElement('div')
    box.style.cssText = `position:fixed;left:${x}px;top:${y}px;width:${width}px;height:${height}px;border-radius:3px;background:#5b6470`
    shadow.append(box)
  }
  document.documentElement.append(host)
  // Above the page's own dialogs, which lie above every z-index.
  host.showPopover()
  return true
}
