/** How an element is at this moment, and what it holds. `makeStates` runs inside the page, so it must stand on its own. */
import type { Naming } from './naming.ts'

export interface States {
  /** E.g. ` [checked] [disabled]`. */
  statesOf(element: Element, role: string): string
  /** What a field holds, what a list offers; a password is nobody's to read. */
  tailOf(element: Element, role: string): string
}

export function makeStates({ textOf, tidy }: Pick<Naming, 'textOf' | 'tidy'>): States {
  return { statesOf, tailOf }

  function statesOf(node: Element, role: string): string {
    const states: string[] = []
    const says = (name: string): string | null => node.getAttribute(`aria-${name}`)
    const level = /^H([1-6])$/.exec(node.tagName)?.[1] ?? says('level')
    if (role === 'heading' && level !== null) states.push(`level=${level}`)
    const input = node instanceof HTMLInputElement ? node : null
    const ticked =
      input !== null && /^(checkbox|radio)$/.test(input.type) ? (input.indeterminate ? 'mixed' : String(input.checked)) : says('checked')
    if (ticked === 'true') states.push('checked')
    if (ticked === 'mixed') states.push('mixed')
    if (node.matches(':disabled') || says('disabled') === 'true') states.push('disabled')
    const expanded =
      node.tagName === 'SUMMARY' ? String((node.parentElement as HTMLDetailsElement | null)?.open === true) : says('expanded')
    if (expanded === 'true') states.push('expanded')
    if (expanded === 'false') states.push('collapsed')
    if (says('selected') === 'true') states.push('selected')
    if (says('pressed') === 'true') states.push('pressed')
    if (says('current') !== null && says('current') !== 'false') states.push('current')
    if (says('invalid') === 'true') states.push('invalid')
    if (node.hasAttribute('required') || says('required') === 'true') states.push('required')
    if (node.hasAttribute('readonly')) states.push('readonly')
    const root = node.getRootNode()
    if ((root instanceof Document || root instanceof ShadowRoot) && root.activeElement === node && node !== document.body)
      states.push('active')
    return states.map((state) => ` [${state}]`).join('')
  }

  function tailOf(node: Element, role: string): string {
    if (node instanceof HTMLSelectElement) {
      const options = [...node.options].map(({ label }) => tidy(label))
      const chosen = [...node.selectedOptions].map(({ label }) => tidy(label)).join(', ')
      const more = options.length > 20 ? `, and ${options.length - 20} more` : ''
      return `${chosen} (of ${options.slice(0, 20).join(' / ')}${more})`
    }
    if (node instanceof HTMLInputElement) {
      if (node.type === 'password') return node.value === '' ? '' : '(filled)'
      if (node.type === 'file') return [...(node.files ?? [])].map(({ name }) => name).join(', ')
      return /^(checkbox|radio|button|submit|reset|image)$/.test(node.type) ? '' : tidy(node.value).slice(0, 300)
    }
    if (node instanceof HTMLTextAreaElement) return tidy(node.value).slice(0, 300)
    if (role === 'textbox' && node instanceof HTMLElement && node.isContentEditable) return textOf(node, 300)
    if (role === 'progressbar' || role === 'slider' || role === 'meter' || role === 'spinbutton')
      return node.getAttribute('aria-valuetext') ?? node.getAttribute('aria-valuenow') ?? ('value' in node ? String(node.value) : '')
    return ''
  }
}
