/** Naming an element so that it is found again tomorrow: by what people gave it, and by its place only when it has nothing else. */

/**
 * Runs inside the page, so it must stand on its own. Selectors that each find this element alone, the best first: ids and names, then
 * labels and words, then where it stands. None that looks made by a program is used. An element inside an open shadow root is reached by
 * `>>>`.
 */
export function selectorsOf(element: Element): string[] {
  const made =
    /\d{3,}|\d[a-z]|[0-9a-f]{8,}|^(ember|react|radix|headlessui|mui|yui|ext-gen|gwt|cdk|mat-|ng-|css-|j_id|jss|sc-|jsx-|svelte-|v-|_)|[:{}]/i
  const isGiven = (name: string): boolean => name !== '' && name.length <= 40 && !made.test(name)
  const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`
  const isSeen = (one: Element): boolean => one.checkVisibility({ visibilityProperty: true }) && one.getClientRects().length > 0
  const wordsOf = (one: Element): string =>
    (one instanceof HTMLInputElement ? one.value : ((one as HTMLElement).innerText ?? one.textContent ?? '')).replace(/\s+/g, ' ').trim()
  const tag = element.localName
  const root = element.getRootNode() as Document | ShadowRoot // of an element in a page it is one of the two

  const isAlone = (css: string): boolean => {
    const all = [...root.querySelectorAll(css)]
    if (!all.includes(element)) return false
    return all.length === 1 || (isSeen(element) && all.filter(isSeen).length === 1)
  }

  const byName = (one: Element): string[] => {
    const names: string[] = []
    const own = one.localName
    if (isGiven(one.id)) names.push(`#${CSS.escape(one.id)}`)
    for (const attribute of ['data-testid', 'data-test', 'data-cy', 'data-qa', 'name', 'autocomplete', 'formcontrolname']) {
      const value = one.getAttribute(attribute) ?? ''
      if (isGiven(value) && value !== 'off' && value !== 'on') names.push(`${own}[${attribute}=${quoted(value)}]`)
    }
    return names
  }
  const byKind = (): string[] => {
    const kinds: string[] = []
    const type = element.getAttribute('type')
    if (type !== null && ['password', 'email', 'tel', 'submit', 'checkbox'].includes(type)) kinds.push(`${tag}[type=${quoted(type)}]`)
    for (const attribute of ['aria-label', 'placeholder', 'title', 'alt']) {
      const value = element.getAttribute(attribute) ?? ''
      if (value !== '' && value.length <= 60) kinds.push(`${tag}[${attribute}=${quoted(value)}]`)
    }
    if (element instanceof HTMLInputElement && ['submit', 'button', 'reset'].includes(element.type) && element.value !== '')
      kinds.push(`input[value=${quoted(element.value)}]`)
    if ((element instanceof HTMLInputElement && element.type === 'radio') || element instanceof HTMLOptionElement)
      kinds.unshift(
        `${tag}${element instanceof HTMLInputElement && element.name !== '' ? `[name=${quoted(element.name)}]` : ''}[value=${quoted(element.value)}]`,
      )
    const link = element.getAttribute('href') ?? ''
    if (tag === 'a' && link.length > 1 && link.length <= 60 && !/[?#]|\d{3,}/.test(link)) kinds.push(`a[href=${quoted(link)}]`)
    return kinds
  }
  const byClass = (): string[] => {
    const classes = [...element.classList].filter(isGiven).slice(0, 4)
    return [
      ...classes.map((one) => `${tag}.${CSS.escape(one)}`),
      ...(classes.length > 1 ? [tag + classes.map((one) => `.${CSS.escape(one)}`).join('')] : []),
    ]
  }
  /** Below the nearest thing around it that has a name. */
  const byAround = (): string[] => {
    const inner = [...byName(element), ...byKind(), ...byClass(), tag]
    for (let around = element.parentElement; around !== null; around = around.parentElement) {
      for (const outer of byName(around)) {
        if (root.querySelectorAll(outer).length !== 1) continue
        const found = inner.map((one) => `${outer} ${one}`).filter(isAlone)
        if (found.length > 0) return found.slice(0, 2)
      }
    }
    return []
  }
  /** By role and words, as a screen reader has it; inside a shadow root that is asked of the whole page, so not there. */
  const byWords = (): string[] => {
    if (root instanceof ShadowRoot) return []
    const words = wordsOf(element)
    if (words === '' || words.length > 40 || /["\\[\]]|\d{3,}/.test(words)) return []
    const role = element.getAttribute('role') ?? (tag === 'button' || tag === 'summary' ? 'button' : tag === 'a' ? 'link' : null)
    if (role === 'button' || role === 'link') {
      const alike = [...root.querySelectorAll(`${role === 'link' ? 'a' : 'button'}, [role=${role}]`)]
      const isNamed = element.getAttribute('aria-label') !== null || element.getAttribute('aria-labelledby') !== null
      if (!isNamed && alike.filter((one) => wordsOf(one) === words && isSeen(one)).length === 1) return [`aria/${words}[role="${role}"]`]
    }
    const holders = [...root.querySelectorAll('*')].filter(
      (one) => one.children.length === 0 && isSeen(one) && wordsOf(one).includes(words),
    )
    return holders.length === 1 && holders[0] !== undefined && element.contains(holders[0]) ? [`text/${words}`] : []
  }
  const byPlace = (): string[] => {
    const steps: string[] = []
    for (let one: Element | null = element; one !== null; one = one.parentElement) {
      const name = byName(one).find((css) => root.querySelectorAll(css).length === 1)
      if (one !== element && name !== undefined) {
        steps.unshift(name)
        break
      }
      const alike: Element[] = [...(one.parentNode?.children ?? [])].filter(({ localName }) => localName === one?.localName)
      steps.unshift(alike.length > 1 ? `${one.localName}:nth-of-type(${alike.indexOf(one) + 1})` : one.localName)
      if (isAlone(steps.join(' > '))) break
    }
    const path = steps.join(' > ')
    return isAlone(path) ? [path] : []
  }

  const css = [...byName(element), ...byKind()].filter(isAlone)
  const found = [...css, ...byAround(), ...byWords(), ...byClass().filter(isAlone), ...byPlace()]
  const here = [...new Set(found)].slice(0, 6)
  if (!(root instanceof ShadowRoot)) return here
  const [host] = selectorsOf(root.host)
  return host === undefined ? here : here.map((inner) => `${host} >>> ${inner}`)
}
