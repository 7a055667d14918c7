/**
 * What runs inside every frame of a page while a person drives it, in a world of its own that the site does not see: it tells of the lists
 * and pickers which Chromium draws outside the page, where no picture shows them, and sets what the person has chosen.
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

/** What the server calls in a frame. */
export interface FrameHands {
  start(channel: string): void
  stop(): void
  /** `value`: the index of an option, else the control's value. */
  choose(id: string, value: string): void
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
  const offer = (control: HTMLSelectElement | HTMLInputElement, pointer: { x: number; y: number } | null): void => {
    count += 1
    const id = `${performance.timeOrigin}-${count}`
    pending.clear()
    pending.set(id, control)
    const box = control.getBoundingClientRect()
    const isInput = control instanceof HTMLInputElement
    tell({
      type: 'choice',
      id,
      kind: isInput ? control.type : 'select',
      place: { x: box.x, y: box.y, width: box.width, height: box.height },
      pointer,
      frame: frameOffset(),
      label: labelOf(control),
      value: control.value,
      min: isInput ? control.min : '',
      max: isInput ? control.max : '',
      step: isInput ? control.step : '',
      options: isInput ? [] : optionsOf(control),
    })
  }

  const onPress = (event: MouseEvent): void => {
    const list = event.isTrusted && event.button === 0 ? selectOf(event) : null
    if (list === null) return
    event.preventDefault()
    list.focus({ preventScroll: true })
    offer(list, { x: event.clientX, y: event.clientY })
  }
  const onClick = (event: MouseEvent): void => {
    const picker = event.isTrusted ? pickerOf(event) : null
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
    const control = list ?? picker
    if (control === null || !opens) return
    event.preventDefault()
    offer(control, null)
  }
  const listeners: [string, (event: never) => void][] = [
    ['mousedown', onPress],
    ['click', onClick],
    ['keydown', onKey],
  ]

  const hands: FrameHands = {
    start(through) {
      const send = world[through] as ((text: string) => void) | undefined
      tell = (message) => send?.(JSON.stringify(message))
      // The same listener counts once, however often it is added.
      for (const [kind, listener] of listeners) addEventListener(kind, listener as EventListener, { capture: true })
    },
    stop() {
      tell = () => undefined
      pending.clear()
      for (const [kind, listener] of listeners) removeEventListener(kind, listener as EventListener, { capture: true })
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
        control.value = value
        if (control.value === before) return
      }
      for (const kind of ['input', 'change']) control.dispatchEvent(new Event(kind, { bubbles: true, composed: kind === 'input' }))
    },
  }
  world[name] = hands
  hands.start(channel)
}
