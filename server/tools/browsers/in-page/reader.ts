/**
 * Reads a document as indented lines, one for what can be used or tells something, and numbers what can be used, so that it can be named
 * afterwards. `makeReader` runs inside the page, in a world of our own that lives as long as its document, so it must stand on its own.
 */
import type { Naming } from './naming.ts'
import type { States } from './states.ts'

export interface ReadOptions {
  /** The number for the next element that has none yet. */
  first: number
  /** Lines at most; what comes behind is counted. */
  most: number
  /** Lines that are left out before the first. */
  from: number
  /** What to read, by its number; the whole document when null. */
  root: number | null
  /** Where links lead is told. */
  urls: boolean
}

export interface ReadPage {
  lines: string[]
  /** All that there are. */
  total: number
  /** What the next element would get. */
  next: number
  /** Frames among the lines: which line, and the element's number. */
  frames: { line: number; ref: number }[]
  /** There is too much to be read to its end. */
  cut: boolean
}

export interface Reader {
  /** Null when `root` is not there any more. */
  read(options: ReadOptions): ReadPage | null
  element(ref: number): Element | null
  /** How it would be written, e.g. `button "Moor"`. */
  describe(element: Element): string
}

interface Line {
  depth: number
  role: string
  /** Between the role and its states. */
  name: string
  states: string
  /** Behind the colon. */
  tail: string
  /** Of what can be used. */
  element: Element | null
}

export function makeReader({ roleOf, nameOf, textOf, childrenOf, tidy }: Naming, { statesOf, tailOf }: States): Reader {
  const unread = new Set(['SCRIPT', 'STYLE', 'NOSCRIPT', 'TEMPLATE', 'HEAD', 'META', 'LINK', 'TITLE'])
  const used = new Set([
    ...['button', 'link', 'textbox', 'searchbox', 'spinbutton', 'combobox', 'listbox', 'checkbox', 'radio', 'switch', 'slider', 'file'],
    ...['tab', 'menuitem', 'menuitemcheckbox', 'menuitemradio', 'treeitem', 'iframe', 'canvas', 'video', 'audio', 'embed'],
  ])
  /** Parts of a page that one may want to read alone. */
  const parts = new Set([
    'main',
    'navigation',
    'form',
    'search',
    'dialog',
    'alertdialog',
    'table',
    'grid',
    'region',
    'tabpanel',
    'tree',
    'menu',
  ])
  const structure = new Set([
    ...['heading', 'list', 'listitem', 'row', 'cell', 'gridcell', 'columnheader', 'rowheader', 'img', 'article', 'group', 'figure'],
    ...['banner', 'contentinfo', 'complementary', 'alert', 'status', 'progressbar', 'meter', 'separator', 'tablist', 'radiogroup'],
    ...['toolbar', 'menubar', 'tooltip', 'option', 'term', 'definition'],
  ])
  const cells = new Set(['cell', 'gridcell', 'columnheader', 'rowheader'])
  /** All there is to say of them is their name, unless something in them can be used. */
  const closed = new Set([
    ...['button', 'link', 'heading', 'checkbox', 'radio', 'switch', 'tab', 'menuitem', 'menuitemcheckbox', 'menuitemradio', 'option'],
    ...['treeitem', 'clickable', 'img', 'textbox', 'searchbox', 'spinbutton', 'combobox', 'listbox', 'slider', 'file', 'iframe', 'canvas'],
    ...['video', 'audio', 'embed', 'progressbar', 'meter', 'separator', 'tooltip'],
  ])
  const longestText = 1_000
  const mostNodes = 150_000
  const deepest = 1_500

  const elements = new Map<number, WeakRef<Element>>()
  const numbers = new WeakMap<Element, number>()
  let visited = 0

  return { read, element, describe }

  function element(ref: number): Element | null {
    const known = elements.get(ref)?.deref()
    return known?.isConnected === true ? known : null
  }

  function describe(which: Element): string {
    const control = which instanceof HTMLLabelElement ? which.control : null
    const role = control === null ? (shownRole(which, true) ?? which.tagName.toLowerCase()) : roleOf(control)
    const name = nameOf(which, role) || textOf(which, 60)
    return name === '' ? role : `${role} ${quoted(name)}`
  }

  function read({ first, most, from, root, urls }: ReadOptions): ReadPage | null {
    const top = root === null ? (document.body ?? document.documentElement) : element(root)
    if (top === null) return null
    visited = 0
    const all = linesOf(top, urls)
    const lines = all.slice(from, from + most)
    let next = first
    const frames: ReadPage['frames'] = []
    const shown = lines.map(({ depth, role, name, states, tail, element: which }, index) => {
      let ref = ''
      if (which !== null) {
        const number = numbers.get(which) ?? next++
        numbers.set(which, number)
        elements.set(number, new WeakRef(which))
        ref = ` [ref=e${number}]`
        if (role === 'iframe') frames.push({ line: index, ref: number })
      }
      const head = name === '' ? role : `${role} ${quoted(name)}`
      return `${'  '.repeat(Math.min(depth, 30))}- ${head}${states}${ref}${tail === '' ? '' : `: ${plain(tail)}`}`
    })
    return { lines: shown, total: all.length, next, frames, cut: visited > mostNodes }
  }

  /** What a page writes is never taken for what stands around it. */
  function plain(text: string): string {
    return text.replaceAll('[ref=', '(ref=')
  }

  function quoted(text: string): string {
    return `"${plain(text).replaceAll('"', '\\"')}"`
  }

  function linesOf(top: Node, urls: boolean): Line[] {
    let lines: Line[] = []
    let text = ''
    visit(top, 0, 0, false)
    flush(0)
    return lines

    function flush(depth: number): void {
      const said = tidy(text)
      text = ''
      if (said === '') return
      const tail = said.length > longestText ? `${said.slice(0, longestText)}…` : said
      lines.push({ depth, role: 'text', name: '', states: '', tail, element: null })
    }

    function inside(of: Node, depth: number, level: number, pointed: boolean): Line[] {
      const outer = lines
      lines = []
      for (const child of childrenOf(of)) visit(child, depth, level + 1, pointed)
      flush(depth)
      const own = lines
      lines = outer
      return own
    }

    function visit(node: Node, depth: number, level: number, pointed: boolean): void {
      visited += 1
      if (visited > mostNodes || level > deepest) return
      if (node instanceof Text) {
        if (text.length < 4 * longestText) text += node.data
        return
      }
      if (!(node instanceof Element) || unread.has(node.tagName)) return
      if (node.getAttribute('aria-hidden') === 'true') return
      const style = getComputedStyle(node)
      if (style.display === 'none') return
      const points = style.cursor === 'pointer'
      const pointsNow = points && !pointed
      const role = shownRole(node, pointsNow)
      const drawn = style.visibility === 'visible'
      if (node.tagName === 'BR') text += ' '
      if (drawn && node instanceof HTMLLabelElement && node.control !== null) return label(node, node.control, depth, level)
      if (!drawn || role === null) {
        const apart = !style.display.startsWith('inline') && style.display !== 'contents'
        if (apart) flush(depth)
        const closedIn = !drawn && node.childElementCount === 0
        if (!closedIn) for (const child of childrenOf(node)) visit(child, depth, level + 1, pointed || points)
        if (apart) flush(depth)
        return
      }
      flush(depth)
      if (role === 'row') row(node, depth, level, pointed, pointsNow)
      else add(node, role, depth, level, pointed || points, pointsNow)
    }

    /** What it says is the name of its field. In place of a field that is not drawn it is what one presses. */
    function label(node: Element, control: HTMLElement, depth: number, level: number): void {
      flush(depth)
      lines.push(...inside(node, depth, level, true).filter(({ role }) => role !== 'text'))
      if (control.checkVisibility({ visibilityProperty: true })) return
      const role = roleOf(control)
      lines.push({ depth, role, name: nameOf(control, role), states: statesOf(control, role), tail: '', element: node })
    }

    function add(node: Element, role: string, depth: number, level: number, pointed: boolean, pointsNow: boolean): void {
      const usable = isUsed(node, role, pointsNow)
      const line: Line = {
        ...{ depth, role, name: nameOf(node, role), states: statesOf(node, role), tail: tailOf(node, role) },
        element: usable || parts.has(role) ? node : null,
      }
      if (urls && role === 'link') line.tail = node.getAttribute('href') ?? ''
      if (role === 'img' && line.name === '') return
      const hasOwnText = role === 'textbox' || role === 'combobox' || role === 'listbox'
      let own = hasOwnText ? [] : inside(node, depth + 1, level, pointed)
      if (closed.has(role)) own = own.filter((each) => each.element !== null)
      // A word of its own is for what there is more in than one line.
      const [only] = own
      if (own.length === 1 && only?.role === 'text' && line.tail === '') {
        own = []
        line.tail = only.tail
      }
      if (own.length === 0 && line.tail === '' && line.name === '' && !usable && role !== 'separator' && role !== 'alert') return
      lines.push(line, ...own)
    }

    /** One line for what its cells say, and below it what in them can be used. */
    function row(node: Element, depth: number, level: number, pointed: boolean, pointsNow: boolean): void {
      const texts: string[] = []
      const below: Line[] = []
      const gather = (of: Node): void => {
        for (const cell of childrenOf(of)) {
          if (!(cell instanceof Element)) continue
          const { display, cursor } = getComputedStyle(cell)
          if (display === 'none') continue
          const role = roleOf(cell)
          if (!cells.has(role)) {
            gather(cell)
            continue
          }
          const cellPoints = cursor === 'pointer' && !pointed && !pointsNow
          const own = inside(cell, depth + 1, level, pointed || pointsNow || cellPoints)
          const isText = (line: Line): boolean => line.role === 'text'
          texts.push(
            own
              .filter(isText)
              .map(({ tail }) => tail)
              .join(' '),
          )
          if (isUsed(cell, role, cellPoints))
            below.push({ depth: depth + 1, role, name: nameOf(cell, role), states: '', tail: '', element: cell })
          below.push(...own.filter((line) => !isText(line)))
        }
      }
      gather(node)
      const tail = texts.some((each) => each !== '') ? texts.join(' | ').trim() : ''
      if (tail === '' && below.length === 0) return
      const usable = isUsed(node, 'row', pointsNow)
      lines.push({ depth, role: 'row', name: '', states: statesOf(node, 'row'), tail, element: usable ? node : null }, ...below)
    }
  }

  /** Null for what is told by what stands in it. */
  function shownRole(node: Element, pointedNow: boolean): string | null {
    const role = roleOf(node)
    if (role === 'none') return null
    if (role !== 'generic' && (used.has(role) || parts.has(role) || structure.has(role))) {
      if (role === 'group' || role === 'region') return nameOf(node, role) === '' ? null : role
      return role
    }
    if (node instanceof HTMLElement && node.isContentEditable && node.parentElement?.isContentEditable !== true) return 'textbox'
    if (node === document.body || node === document.documentElement) return null
    const focusable = node.hasAttribute('tabindex') && node.getAttribute('tabindex') !== '-1'
    if (pointedNow || focusable || node.hasAttribute('onclick') || node.getAttribute('draggable') === 'true') return 'clickable'
    return null
  }

  function isUsed(node: Element, role: string, pointsNow: boolean): boolean {
    if (used.has(role) || role === 'clickable') return true
    if (parts.has(role)) return false
    const focusable = node.hasAttribute('tabindex') && node.getAttribute('tabindex') !== '-1'
    return focusable || pointsNow || node.hasAttribute('onclick')
  }
}
