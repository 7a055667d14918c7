/** What is asked of one element before and after it is used. These run inside the page, each on its own. */

export interface Reach {
  /** `hidden`: it has no place on the page now. `covered`: another one lies over its middle. */
  state: 'free' | 'gone' | 'hidden' | 'disabled' | 'covered'
  /** What covers it, in words. */
  by: string
}

/** Brings it into view and tells whether a press at its middle would be its own. */
export function reachOf(element: Element): Reach {
  if (!element.isConnected) return { state: 'gone', by: '' }
  const isDisabled = element.closest(':disabled, [aria-disabled="true"], [inert]') !== null
  if (isDisabled) return { state: 'disabled', by: '' }
  element.scrollIntoView({ block: 'nearest', inline: 'nearest', behavior: 'instant' })
  const middleOf = (box: DOMRect): { x: number; y: number } => ({ x: box.x + box.width / 2, y: box.y + box.height / 2 })
  const inView = ({ x, y }: { x: number; y: number }): boolean => x >= 0 && y >= 0 && x < innerWidth && y < innerHeight
  if (![...element.getClientRects()].some((box) => box.width > 0 && box.height > 0)) return { state: 'hidden', by: '' }
  if (getComputedStyle(element).visibility !== 'visible') return { state: 'hidden', by: '' }
  // A bar that sticks to an edge covers what has just been brought there.
  if (!isOwn(topAt(middleOf(element.getBoundingClientRect()))))
    element.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' })
  const point = middleOf(element.getBoundingClientRect())
  if (!inView(point)) return { state: 'hidden', by: '' }
  const top = topAt(point)
  return isOwn(top) ? { state: 'free', by: '' } : { state: 'covered', by: top === null ? '' : wordsFor(top) }

  function topAt({ x, y }: { x: number; y: number }): Element | null {
    let found = document.elementFromPoint(x, y)
    while (found?.shadowRoot) {
      const deeper = found.shadowRoot.elementFromPoint(x, y)
      if (deeper === null || deeper === found) break
      found = deeper
    }
    return found
  }

  function isOwn(top: Element | null): boolean {
    for (let each: Node | null = top; each !== null; each = each instanceof ShadowRoot ? each.host : (parentOf(each) ?? null)) {
      if (each === element) return true
      if (each instanceof HTMLLabelElement && each.control === element) return true
    }
    // An element that is as large as what lies in it, e.g. a link in a heading.
    return (
      top !== null &&
      top.contains(element) &&
      top.getRootNode() === element.getRootNode() &&
      getComputedStyle(element).display === 'contents'
    )
  }

  function parentOf(node: Node): Node | null {
    return (node instanceof Element ? node.assignedSlot : null) ?? node.parentNode
  }

  function wordsFor(which: Element): string {
    const part = which.closest('dialog, [role=dialog], [role=alertdialog], header, nav, footer') ?? which
    const id = part.id === '' ? '' : `#${part.id.slice(0, 40)}`
    const classes = [...part.classList].slice(0, 2).map((each) => `.${each.slice(0, 40)}`)
    const said = (part.textContent ?? '').replace(/\s+/g, ' ').trim().slice(0, 60)
    return `<${part.tagName.toLowerCase()}${id}${classes.join('')}>${said === '' ? '' : ` “${said}”`}`
  }
}

/** What people press in place of a box to tick that does not show itself: the drawing in its label, or the label. */
export function shownFor(element: Element): Element | null {
  if (!(element instanceof HTMLInputElement) || !/^(checkbox|radio)$/.test(element.type)) return null
  const shows = (each: Element): boolean => {
    const { width, height } = each.getBoundingClientRect()
    return width > 0 && height > 0 && getComputedStyle(each).visibility === 'visible'
  }
  for (const label of element.labels ?? []) {
    // A press on a link in it would lead away.
    const parts = [...label.querySelectorAll('*')].filter(
      (part) => part.closest('a, button') === null && part.querySelector('a, button') === null,
    )
    const found = [...parts, label].find(shows)
    if (found !== undefined) return found
  }
  return null
}

/** How a field takes what it is given: typed over, put in as a value, chosen, ticked, or not at all. */
export type FieldKind = 'text' | 'value' | 'list' | 'tick' | 'file' | 'fixed' | 'none'

export function fieldKind(element: Element): FieldKind {
  const target = element instanceof HTMLLabelElement && element.control !== null ? element.control : element
  if (target.matches(':disabled, [readonly]')) return 'fixed'
  if (target instanceof HTMLSelectElement) return 'list'
  if (target instanceof HTMLTextAreaElement) return 'text'
  if (target instanceof HTMLInputElement) {
    if (/^(checkbox|radio)$/.test(target.type)) return 'tick'
    if (/^(date|time|month|week|datetime-local|color|range)$/.test(target.type)) return 'value'
    if (target.type === 'file') return 'file'
    return /^(button|submit|reset|image|hidden)$/.test(target.type) ? 'none' : 'text'
  }
  if (/^(checkbox|radio|switch|menuitemcheckbox|menuitemradio)$/.test(target.getAttribute('role') ?? '')) return 'tick'
  return target instanceof HTMLElement && target.isContentEditable ? 'text' : 'none'
}

/** Puts the keyboard there, with all that stands in it chosen. */
export function chooseAll(element: Element): void {
  if (!(element instanceof HTMLElement)) return
  element.focus()
  if (element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement) element.select()
  else getSelection()?.selectAllChildren(element)
}

export function putValue(element: Element, value: string): string {
  if (!(element instanceof HTMLInputElement)) return ''
  element.focus()
  // Past the property that frameworks put over it to notice changes.
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set?.call(element, value)
  element.dispatchEvent(new Event('input', { bubbles: true }))
  element.dispatchEvent(new Event('change', { bubbles: true }))
  return element.value
}

/** What a field holds; null for a password, which is nobody's to read. */
export function heldBy(element: Element): string | null {
  if (element instanceof HTMLInputElement && element.type === 'password') return null
  if ('value' in element) return String(element.value)
  // As it shows: lines of an editor are elements of their own.
  return element instanceof HTMLElement ? element.innerText : (element.textContent ?? '')
}

export function isTicked(element: Element): boolean {
  const target = element instanceof HTMLLabelElement && element.control !== null ? element.control : element
  return target instanceof HTMLInputElement
    ? target.checked
    : (target.getAttribute('aria-checked') ?? target.getAttribute('aria-pressed')) === 'true'
}

/** Chooses by value or by words; tells what there is where one of them is missing. Null where it is no list of the browser's own. */
export function chooseOptions(
  element: Element,
  wanted: readonly string[],
): { chosen: string[]; missing: string | null; all: string[] } | null {
  if (!(element instanceof HTMLSelectElement)) return null
  const tidy = (text: string): string => text.replace(/\s+/g, ' ').trim()
  const options = [...element.options]
  const all = options.map(({ label }) => tidy(label)).slice(0, 50)
  const found: HTMLOptionElement[] = []
  for (const each of wanted) {
    const option = options.find(({ value }) => value === each) ?? options.find(({ label }) => tidy(label) === tidy(each))
    if (option === undefined || option.disabled) return { chosen: [], missing: each, all }
    found.push(option)
  }
  element.focus()
  for (const option of options) option.selected = found.includes(option)
  element.dispatchEvent(new Event('input', { bubbles: true }))
  element.dispatchEvent(new Event('change', { bubbles: true }))
  return { chosen: [...element.selectedOptions].map(({ label }) => tidy(label)), missing: null, all }
}

/** Whether the middle of a frame of the page, as the page draws it, is the frame's. `x` and `y` within the frame. */
export function frameTakes(frame: Element, x: number, y: number): boolean {
  const box = frame.getBoundingClientRect()
  const root = frame.getRootNode()
  const place = root instanceof ShadowRoot ? root : document
  return place.elementFromPoint(box.x + frame.clientLeft + x, box.y + frame.clientTop + y) === frame
}
