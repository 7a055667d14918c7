/** What runs inside every frame of a page while a person looks for a text in it, in a world that the site does not see. */

export const finderName = 'wheelhouseFinder'

export interface FrameFinder {
  /** Marks all of it and resolves to how often it stands there. */
  mark(text: string): number
  /** Shows one of them, counted from zero; -1 for none. */
  show(index: number): void
  stop(): void
}

/** Runs inside the page, so it must stand on its own. */
export function installFinder(name: string): void {
  const world = globalThis as unknown as Record<string, unknown>
  if (world[name] !== undefined) return
  const most = 1_000
  const [all, one] = ['wheelhouse-found', 'wheelhouse-shown']
  const style = new CSSStyleSheet()
  style.replaceSync(
    `::highlight(${all}) { background-color: #ffe27a; color: #111 } ::highlight(${one}) { background-color: #ff9b3d; color: #111 }`,
  )
  const roots = new Set<Document | ShadowRoot>()
  let found: Range[] = []

  /** All text that is seen, in its order; where a block ends stands a sign that nobody looks for. */
  const collect = (): { signs: string[]; nodes: Text[]; at: number[] } => {
    const [signs, nodes, at]: [string[], Text[], number[]] = [[], [], []]
    let block: Element | null = null
    const blockOf = (element: Element | null): Element | null => {
      for (let each = element; each !== null; each = each.parentElement)
        if (!getComputedStyle(each).display.startsWith('inline')) return each
      return null
    }
    const walk = (root: Document | ShadowRoot | Element): void => {
      const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT)
      for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
        if (node instanceof Element) {
          if (node.shadowRoot === null) continue
          roots.add(node.shadowRoot)
          walk(node.shadowRoot)
          continue
        }
        const parent = node.parentElement
        if (!(node instanceof Text) || parent === null || /^(SCRIPT|STYLE|NOSCRIPT|TEMPLATE|TEXTAREA|OPTION)$/.test(parent.tagName))
          continue
        if (node.data.trim() === '' || !parent.checkVisibility({ visibilityProperty: true })) continue
        const own = blockOf(parent)
        if (own !== block) {
          signs.push('\u0000')
          nodes.push(node)
          at.push(0)
          block = own
        }
        for (let offset = 0; offset < node.data.length && signs.length < 2_000_000; offset += 1) {
          const sign = node.data[offset] ?? ''
          const space = /\s/.test(sign)
          if (space && signs.at(-1) === ' ') continue
          const lower = sign.toLowerCase()
          signs.push(space ? ' ' : lower.length === 1 ? lower : sign)
          nodes.push(node)
          at.push(offset)
        }
      }
    }
    roots.clear()
    roots.add(document)
    if (document.body !== null) walk(document.body)
    return { signs, nodes, at }
  }

  const finder: FrameFinder = {
    mark(text) {
      finder.stop()
      const wanted = text.toLowerCase().replace(/\s+/g, ' ')
      if (wanted.trim() === '') return 0
      const { signs, nodes, at } = collect()
      const whole = signs.join('')
      for (let from = whole.indexOf(wanted); from !== -1 && found.length < most; from = whole.indexOf(wanted, from + wanted.length)) {
        const [first, last] = [nodes[from], nodes[from + wanted.length - 1]]
        if (first === undefined || last === undefined) break
        const range = document.createRange()
        range.setStart(first, at[from] ?? 0)
        range.setEnd(last, (at[from + wanted.length - 1] ?? 0) + 1)
        found.push(range)
      }
      for (const root of roots) if (!root.adoptedStyleSheets.includes(style)) root.adoptedStyleSheets.push(style)
      CSS.highlights.set(all, new Highlight(...found))
      return found.length
    },
    show(index) {
      CSS.highlights.delete(one)
      const range = found[index]
      if (range === undefined) return
      const marked = new Highlight(range)
      marked.priority = 1
      CSS.highlights.set(one, marked)
      range.startContainer.parentElement?.scrollIntoView({ block: 'center', inline: 'nearest' })
    },
    stop() {
      found = []
      CSS.highlights.delete(all)
      CSS.highlights.delete(one)
      for (const root of roots) root.adoptedStyleSheets = root.adoptedStyleSheets.filter((each) => each !== style)
    },
  }
  world[name] = finder
}
