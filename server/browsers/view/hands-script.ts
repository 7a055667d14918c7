/**
 * What runs inside every frame of a page while a person drives it, in a world of its own that the site does not see: it tells of the lists
 * and pickers which Chromium draws outside the page, where no picture shows them, and sets what the person has chosen; it tells what is
 * copied and on what a menu is opened, and pastes.
 */

/** What a frame tells; places are in CSS px of the frame. */
export interface ToldChoice {
  type: 'choice'
  id: string
  kind: 'select' | 'date' | 'time' | 'datetime-local' | 'month' | 'week' | 'color'
  place: { x: number; y: number; width: number; height: number }
  /** Where the pointer was; null for a choice opened by the keyboard. */
  pointer: { x: number; y: number } | null
  /** Of the frame in the page; null when that is another site's. */
  frame: { x: number; y: number } | null
  label: string
  value: string
  min: string
  max: string
  step: string
  options: { index: number; text: string; group: string | null; disabled: boolean; selected: boolean }[]
}

/** A menu that the page does not open itself. */
export interface ToldMenu {
  type: 'menu'
  pointer: { x: number; y: number }
  link: string
  image: string
  selected: boolean
  editable: boolean
}

export interface ToldCopy {
  type: 'copied'
  text: string
  html: string
}

/** The keyboard's place has come into this frame. */
export interface ToldFocus {
  type: 'focus'
}

export type Told = ToldChoice | ToldMenu | ToldCopy | ToldFocus

export interface Pasted {
  text: string
  html: string
  files: { name: string; mime: string; data: string }[]
}

/** What the server calls in a frame. */
export interface FrameHands {
  start(channel: string): void
  stop(): void
  /** `value`: the index of an option, else the control's value. */
  choose(id: string, value: string): void
  /** The keyboard's place is in this frame itself: 2 for certain, 1 perhaps, 0 not. */
  focus(): 0 | 1 | 2
  /** What the page does not take itself is put where the keyboard is. */
  paste(pasted: Pasted): void
}

/** The name under which the frame's hands stand in their own world. */
export const handsName = 'wheelhouseHands'

/** Runs inside the page, so it must stand on its own. */
export function installHands(name: string, channel: string): void {
  const world = globalThis as unknown as Record<string, unknown>
  const known = world[name] as FrameHands | undefined
  if (known !== undefined) return known.start(channel)

  const pickers = ['date', 'time', 'datetime-local', 'month', 'week', 'color']
  const pending = new Map<string, HTMLSelectElement | HTMLInputElement>()
  let tell: (message: unknown) => void = () => undefined
  let count = 0
  /** Of the teller beside the page's scripts: the channel of whoever drives now. */
  let heardBy = channel

  const targetOf = (event: Event): Element | null => {
    const [first] = event.composedPath()
    return first instanceof Element ? first : null
  }
  const selectOf = (event: Event): HTMLSelectElement | null => {
    const target = targetOf(event)?.closest('select')
    return target instanceof HTMLSelectElement && !target.multiple && target.size <= 1 && !target.disabled ? target : null
  }
  const pickerOf = (event: Event): HTMLInputElement | null => {
    const target = targetOf(event)
    if (!(target instanceof HTMLInputElement) || target.disabled || target.readOnly) return null
    return pickers.includes(target.type) ? target : null
  }
  /** A field for text that has suggestions. */
  const suggestedOf = (target: Element | null): HTMLInputElement | null =>
    target instanceof HTMLInputElement && listOf(target) !== null && isField(target) && isEditable(target) ? target : null
  /**
   * Chromium shows suggestions in a window that no picture shows and that takes the arrow keys away. A field that is being written in has
   * no list for as long, so there is none to show; ours is offered in its place.
   */
  let taken: { field: HTMLInputElement; list: HTMLDataListElement; id: string } | null = null
  const listOf = (field: HTMLInputElement): HTMLDataListElement | null => (taken?.field === field ? taken.list : field.list)
  const giveListBack = (): void => {
    taken?.field.setAttribute('list', taken.id)
    taken = null
  }
  const takeList = (target: Element | null): void => {
    if (taken !== null && taken.field === target) return
    giveListBack()
    const field = suggestedOf(target)
    const [list, id] = [field?.list ?? null, field?.getAttribute('list') ?? null]
    if (field === null || list === null || id === null) return
    taken = { field, list, id }
    field.removeAttribute('list')
  }
  /** Where Chromium draws the arrow that opens them. */
  const isAtArrow = (field: HTMLInputElement, { clientX }: MouseEvent): boolean => {
    const { left, right } = field.getBoundingClientRect()
    return getComputedStyle(field).direction === 'rtl' ? clientX < left + 24 : clientX > right - 24
  }
  const frameOffset = (): { x: number; y: number } | null => {
    let [x, y] = [0, 0]
    try {
      for (let view: Window = window; view !== view.top; view = view.parent) {
        const frame = view.frameElement
        if (frame === null) return null
        const box = frame.getBoundingClientRect()
        x += box.x + frame.clientLeft
        y += box.y + frame.clientTop
      }
    } catch {
      return null
    }
    return { x, y }
  }
  const labelOf = (control: HTMLSelectElement | HTMLInputElement): string =>
    (control.getAttribute('aria-label') ?? control.labels?.[0]?.textContent ?? control.name).replace(/\s+/g, ' ').trim().slice(0, 100)
  const optionsOf = (list: HTMLSelectElement): ToldChoice['options'] =>
    [...list.options].slice(0, 3_000).flatMap((option, index) => {
      if (option.hidden || getComputedStyle(option).display === 'none') return []
      const group = option.parentElement instanceof HTMLOptGroupElement ? option.parentElement : null
      return {
        index,
        text: option.label.replace(/\s+/g, ' ').trim().slice(0, 200),
        group: group?.label.slice(0, 200) ?? null,
        disabled: option.disabled || group?.disabled === true,
        selected: option.selected,
      }
    })
  const suggestions = (field: HTMLInputElement): ToldChoice['options'] => {
    const typed = field.value.toLowerCase()
    return [...(listOf(field)?.options ?? [])].slice(0, 3_000).flatMap((option, index) => {
      const text = option.label === option.value || option.label === '' ? option.value : `${option.value} ${option.label}`
      const fits = option.value !== '' && !option.disabled && text.toLowerCase().includes(typed)
      return fits ? { index, text: text.slice(0, 200), group: null, disabled: false, selected: option.value === field.value } : []
    })
  }
  const offer = (control: HTMLSelectElement | HTMLInputElement, pointer: { x: number; y: number } | null): void => {
    count += 1
    const id = `${performance.timeOrigin}-${count}`
    pending.clear()
    pending.set(id, control)
    const box = control.getBoundingClientRect()
    const isInput = control instanceof HTMLInputElement
    const isPicker = isInput && pickers.includes(control.type)
    tell({
      type: 'choice',
      id,
      kind: isPicker ? control.type : 'select',
      place: { x: box.x, y: box.y, width: box.width, height: box.height },
      pointer,
      frame: frameOffset(),
      label: labelOf(control),
      value: control.value,
      min: isInput ? control.min : '',
      max: isInput ? control.max : '',
      step: isInput ? control.step : '',
      options: isPicker ? [] : isInput ? suggestions(control) : optionsOf(control),
    })
  }

  const onPress = (event: MouseEvent): void => {
    takeList(targetOf(event))
    const list = event.isTrusted && event.button === 0 ? selectOf(event) : null
    if (list === null) return
    event.preventDefault()
    list.focus({ preventScroll: true })
    offer(list, { x: event.clientX, y: event.clientY })
  }
  const onClick = (event: MouseEvent): void => {
    if (!event.isTrusted) return
    const field = event.detail === 0 ? null : suggestedOf(targetOf(event))
    const picker = pickerOf(event) ?? (field !== null && isAtArrow(field, event) ? field : null)
    if (picker === null) return
    event.preventDefault()
    // A click by a label or the keyboard has no place of its own.
    offer(picker, event.detail === 0 ? null : { x: event.clientX, y: event.clientY })
  }
  const onKey = (event: KeyboardEvent): void => {
    if (!event.isTrusted || event.ctrlKey || event.metaKey) return
    const list = selectOf(event)
    const picker = list === null ? pickerOf(event) : null
    const arrow = event.key === 'ArrowDown' || event.key === 'ArrowUp'
    const opens = event.key === ' ' || event.key === 'F4' || (event.altKey && arrow) || (list !== null && event.key === 'Enter')
    const field = arrow ? suggestedOf(targetOf(event)) : null
    const control = opens ? (list ?? picker ?? field) : field
    if (control === null) return
    event.preventDefault()
    offer(control, null)
  }
  const deepFocus = (): Element | null => {
    let focused = document.activeElement
    while (focused?.shadowRoot?.activeElement != null) focused = focused.shadowRoot.activeElement
    return focused
  }
  const isField = (element: Element | null): element is HTMLInputElement | HTMLTextAreaElement =>
    element instanceof HTMLTextAreaElement ||
    (element instanceof HTMLInputElement &&
      /^(text|search|url|tel|email|password|number|date|time|month|week|datetime-local)$/.test(element.type))
  const isEditable = (element: Element | null): boolean =>
    isField(element) ? !element.readOnly && !element.disabled : element instanceof HTMLElement && element.isContentEditable
  const selection = (): { text: string; html: string } => {
    const field = deepFocus()
    if (isField(field)) {
      if (field.type === 'password') return { text: '', html: '' }
      return { text: field.value.slice(field.selectionStart ?? 0, field.selectionEnd ?? 0), html: '' }
    }
    const chosen = getSelection()
    if (chosen === null || chosen.rangeCount === 0 || chosen.isCollapsed) return { text: '', html: '' }
    const copy = document.createElement('div')
    copy.append(chosen.getRangeAt(0).cloneContents())
    return { text: chosen.toString(), html: copy.innerHTML }
  }
  /** A script of the page opens one for the person's press a moment ago. */
  const onPicker = (event: Event): void => {
    const target = targetOf(event)
    const isList = target instanceof HTMLSelectElement && !target.multiple && target.size <= 1
    const isPicker = target instanceof HTMLInputElement && pickers.includes(target.type) && !target.readOnly
    const control = (isList || isPicker) && !target.disabled ? target : suggestedOf(target)
    if (control === null || !navigator.userActivation.isActive) return
    event.preventDefault()
    offer(control, null)
  }
  const onOwnCopy = (event: Event): void => {
    if (!navigator.userActivation.isActive || !(event instanceof CustomEvent)) return
    const copied = JSON.parse(String(event.detail)) as { text: unknown; html: unknown } // What the teller beside the page has put there.
    tell({ type: 'copied', text: String(copied.text), html: String(copied.html) })
  }
  const onFocus = (event?: Event): void => {
    takeList(event === undefined ? deepFocus() : targetOf(event))
    tell({ type: 'focus' })
  }
  const onCopy = (event: ClipboardEvent): void => {
    const { text, html } = selection()
    // What the page puts in itself is known when all of its own listeners have been called.
    let done = false
    const finish = (): void => {
      if (done) return
      done = true
      removeEventListener(event.type, finish)
      const own = event.defaultPrevented ? event.clipboardData : null
      const copied = own === null ? { text, html } : { text: own.getData('text/plain'), html: own.getData('text/html') }
      if (copied.text !== '' || copied.html !== '')
        tell({ type: 'copied', text: copied.text.slice(0, 1_000_000), html: copied.html.length > 1_000_000 ? '' : copied.html })
    }
    addEventListener(event.type, finish)
    setTimeout(finish)
  }
  const onMenu = (event: MouseEvent): void => {
    const finish = (): void => {
      removeEventListener('contextmenu', finish)
      if (event.defaultPrevented) return
      event.preventDefault()
      const path = event.composedPath().filter((each) => each instanceof Element)
      const link = path.find((each) => each instanceof HTMLAnchorElement || each instanceof HTMLAreaElement)
      const image = path[0] instanceof HTMLImageElement ? path[0].currentSrc : ''
      tell({
        type: 'menu',
        pointer: { x: event.clientX, y: event.clientY },
        link: link instanceof HTMLAnchorElement || link instanceof HTMLAreaElement ? link.href.slice(0, 2_000) : '',
        image: image.slice(0, 2_000),
        selected: selection().text !== '',
        editable: isEditable(path[0] ?? null),
      })
    }
    addEventListener('contextmenu', finish)
  }
  const listeners = (): [string, (event: never) => void][] => [
    ['focusin', onFocus],
    ['focusout', giveListBack],
    ['copy', onCopy],
    ['cut', onCopy],
    ['contextmenu', onMenu],
    ['mousedown', onPress],
    ['click', onClick],
    ['keydown', onKey],
    [`${heardBy}-picker`, onPicker],
    [`${heardBy}-copied`, onOwnCopy],
  ]
  // The same listener counts once, however often it is added.
  const listen = (): void => {
    for (const [kind, listener] of listeners()) addEventListener(kind, listener as EventListener, { capture: true })
  }
  const rewritten = new MutationObserver(listen)

  const hands: FrameHands = {
    focus() {
      const focused = document.activeElement
      if (focused instanceof HTMLIFrameElement || focused instanceof HTMLFrameElement) return 0
      return document.hasFocus() && focused !== null && focused !== document.body ? 2 : 1
    },
    paste({ text, html, files }) {
      const target = deepFocus() ?? document.body
      const given = new DataTransfer()
      if (text !== '') given.setData('text/plain', text)
      if (html !== '') given.setData('text/html', html)
      for (const { name: called, mime, data } of files)
        given.items.add(new File([Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0))], called, { type: mime }))
      const event = new ClipboardEvent('paste', { clipboardData: given, bubbles: true, cancelable: true, composed: true })
      if (!target.dispatchEvent(event) || !isEditable(target)) return
      if (!isField(target) && html !== '') document.execCommand('insertHTML', false, html)
      else if (text !== '') document.execCommand('insertText', false, text)
    },
    start(through) {
      const send = world[through] as ((text: string) => void) | undefined
      heardBy = through
      tell = (message) => send?.(JSON.stringify(message))
      listen()
      // A page that writes itself anew has no listeners any more, of nobody.
      rewritten.observe(document, { childList: true })
      if (hands.focus() === 2) onFocus()
    },
    stop() {
      tell = () => undefined
      dispatchEvent(new Event(`${heardBy}-stop`))
      pending.clear()
      giveListBack()
      rewritten.disconnect()
      for (const [kind, listener] of listeners()) removeEventListener(kind, listener as EventListener, { capture: true })
    },
    choose(id, value) {
      const control = pending.get(id)
      pending.delete(id)
      if (control === undefined || !control.isConnected) return
      const before = control.value
      if (control instanceof HTMLSelectElement) {
        if (control.selectedIndex === Number(value)) return
        control.selectedIndex = Number(value)
      } else {
        control.value = pickers.includes(control.type) ? value : (listOf(control)?.options[Number(value)]?.value ?? before)
        if (control.value === before) return
      }
      for (const kind of ['input', 'change']) control.dispatchEvent(new Event(kind, { bubbles: true, composed: kind === 'input' }))
    },
  }
  world[name] = hands
  hands.start(channel)
}
