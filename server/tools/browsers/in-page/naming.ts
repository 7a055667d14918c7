/**
 * What an element is to somebody who cannot see it: its role and its name, as ARIA and HTML have it, as far as a page's reader needs that.
 * `makeNaming` runs inside the page, in a world of our own, so it must stand on its own.
 */

export interface Naming {
  /** `generic` for what means nothing by itself, `none` for what is only decoration. */
  roleOf(element: Element): string
  nameOf(element: Element, role: string): string
  /** What can be read in it, on one line. */
  textOf(node: Node, most?: number): string
  /** As they are drawn: a shadow root's in place of the element's own, and what a slot has been given. */
  childrenOf(node: Node): Iterable<Node>
  tidy(text: string): string
}

export function makeNaming(): Naming {
  const byTag: Readonly<Record<string, string>> = {
    ...{ ARTICLE: 'article', ASIDE: 'complementary', AUDIO: 'audio', BUTTON: 'button', CANVAS: 'canvas', DD: 'definition' },
    ...{ DETAILS: 'group', DIALOG: 'dialog', DT: 'term', EMBED: 'embed', FIELDSET: 'group', FIGURE: 'figure', FORM: 'form' },
    ...{ FRAME: 'iframe', H1: 'heading', H2: 'heading', H3: 'heading', H4: 'heading', H5: 'heading', H6: 'heading', HR: 'separator' },
    ...{ IFRAME: 'iframe', LI: 'listitem', MAIN: 'main', MENU: 'list', METER: 'meter', NAV: 'navigation', OBJECT: 'embed', OL: 'list' },
    ...{ OPTION: 'option', OUTPUT: 'status', PROGRESS: 'progressbar', SEARCH: 'search', SUMMARY: 'button', TABLE: 'table', TD: 'cell' },
    ...{ TEXTAREA: 'textbox', TR: 'row', UL: 'list', VIDEO: 'video' },
  }
  const byInput: Readonly<Record<string, string>> = {
    ...{ button: 'button', checkbox: 'checkbox', color: 'textbox', file: 'file', hidden: 'none', image: 'button', number: 'spinbutton' },
    ...{ radio: 'radio', range: 'slider', reset: 'button', search: 'searchbox', submit: 'button' },
  }
  const namedByContent = new Set([
    ...['button', 'cell', 'checkbox', 'columnheader', 'gridcell', 'heading', 'link', 'menuitem', 'menuitemcheckbox', 'menuitemradio'],
    ...['option', 'radio', 'rowheader', 'switch', 'tab', 'tooltip', 'treeitem', 'clickable'],
  ])
  const unread = new Set(['SCRIPT', 'STYLE', 'NOSCRIPT', 'TEMPLATE', 'HEAD', 'META', 'LINK', 'TITLE'])
  const longestName = 160

  return { roleOf, nameOf, textOf, childrenOf, tidy }

  function tidy(text: string): string {
    return text.replace(/\s+/g, ' ').trim()
  }

  function roleOf(element: Element): string {
    const [explicit] = (element.getAttribute('role') ?? '').trim().toLowerCase().split(/\s+/)
    if (explicit === 'presentation' || explicit === 'none') return 'generic'
    if (explicit !== undefined && explicit !== '') return explicit === 'image' ? 'img' : explicit
    const { tagName } = element
    if (tagName === 'A' || tagName === 'AREA') return element.hasAttribute('href') ? 'link' : 'generic'
    if (tagName === 'INPUT') return byInput[(element as HTMLInputElement).type] ?? 'textbox'
    if (tagName === 'SELECT')
      return (element as HTMLSelectElement).multiple || (element as HTMLSelectElement).size > 1 ? 'listbox' : 'combobox'
    if (tagName === 'TH') return element.getAttribute('scope') === 'row' ? 'rowheader' : 'columnheader'
    if (tagName === 'IMG') return element.getAttribute('alt') === '' ? 'none' : 'img'
    if (tagName.toLowerCase() === 'svg') return label(element) === '' && element.querySelector('title') === null ? 'none' : 'img'
    if (tagName === 'SECTION') return label(element) === '' ? 'generic' : 'region'
    if (tagName === 'HEADER' || tagName === 'FOOTER') {
      if (element.closest('article, aside, main, nav, section') !== null) return 'generic'
      return tagName === 'HEADER' ? 'banner' : 'contentinfo'
    }
    return byTag[tagName] ?? 'generic'
  }

  /** What ARIA says before all else. */
  function label(element: Element): string {
    const root = element.getRootNode() as Document | ShadowRoot // an element that is drawn stands in one of them
    const ids = (element.getAttribute('aria-labelledby') ?? '').split(/\s+/).filter((id) => id !== '')
    const labelled = ids.map((id) => textOf(root.getElementById?.(id) ?? document.createTextNode('')))
    return tidy(labelled.join(' ')) || tidy(element.getAttribute('aria-label') ?? '')
  }

  function nameOf(element: Element, role: string): string {
    const name = label(element) || native(element) || (namedByContent.has(role) ? textOf(element) : '')
    return (name || tidy(element.getAttribute('title') ?? '') || tidy(element.getAttribute('placeholder') ?? '')).slice(0, longestName)
  }

  function native(element: Element): string {
    const attribute = (name: string): string => tidy(element.getAttribute(name) ?? '')
    const first = (selector: string): string => {
      const found = element.querySelector(selector)
      return found === null ? '' : textOf(found)
    }
    if (element instanceof HTMLInputElement && /^(button|submit|reset)$/.test(element.type))
      return tidy(element.value) || (element.type === 'submit' ? 'Submit' : element.type === 'reset' ? 'Reset' : '')
    if (element instanceof HTMLInputElement && element.type === 'image') return attribute('alt') || 'Submit'
    if (element instanceof HTMLInputElement || element instanceof HTMLSelectElement || element instanceof HTMLTextAreaElement)
      return tidy([...(element.labels ?? [])].map((each) => textOf(each)).join(' '))
    switch (element.tagName) {
      case 'IMG':
      case 'AREA':
        return attribute('alt')
      case 'FIELDSET':
        return first(':scope > legend')
      case 'TABLE':
        return first(':scope > caption')
      case 'FIGURE':
        return first('figcaption')
      case 'svg':
        return first('title')
      default:
        return ''
    }
  }

  function textOf(node: Node, most = longestName): string {
    const parts: string[] = []
    let length = 0
    const read = (each: Node): void => {
      if (length > most) return
      if (each instanceof Text) {
        parts.push(each.data)
        length += each.data.trim().length
      } else if (each instanceof Element) {
        if (unread.has(each.tagName) && each !== node) return
        if (each instanceof HTMLImageElement) parts.push(` ${each.alt} `)
        else if (each instanceof HTMLInputElement || each instanceof HTMLSelectElement || each instanceof HTMLTextAreaElement) return
        if (each !== node && each.getAttribute('aria-hidden') === 'true') return
        const { display, visibility } = getComputedStyle(each)
        if (display === 'none' && each !== node) return
        const apart = !display.startsWith('inline') && display !== 'contents'
        if (apart) parts.push(' ')
        if (visibility === 'visible' || each.children.length > 0) for (const child of childrenOf(each)) read(child)
        if (apart) parts.push(' ')
      } else for (const child of childrenOf(each)) read(child)
    }
    read(node)
    const text = tidy(parts.join(''))
    return text.length > most ? `${text.slice(0, most - 1)}…` : text
  }

  function childrenOf(node: Node): Iterable<Node> {
    if (node instanceof Element && node.shadowRoot !== null) return node.shadowRoot.childNodes
    if (node instanceof HTMLDetailsElement && !node.open) return [...node.children].filter(({ tagName }) => tagName === 'SUMMARY')
    if (node instanceof HTMLSlotElement) {
      const given = node.assignedNodes()
      return given.length > 0 ? given : node.childNodes
    }
    return node.childNodes
  }
}
