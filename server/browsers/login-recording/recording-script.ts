/** What a recording puts into every frame, in a world of its own that the site's scripts do not see: it notes what a person does. */
import { z } from 'zod'
import { selectorsOf } from './selectors-of.ts'

const selector = z.string().min(1).max(500)
/** `likely`: shows at times only, such as a cookie banner. */
const about = { selector, label: z.string().max(200).default(''), likely: z.boolean().default(true) }

/** A password, a user name and a code have no value: what was typed does not leave the page. */
export const recordedNote = z.union([
  z.object({ kind: z.literal('fill'), ...about, as: z.enum(['username', 'password', 'totp']) }),
  z.object({ kind: z.literal('fill'), ...about, as: z.literal('text'), value: z.string().max(2_000) }),
  z.object({ kind: z.enum(['click', 'tick', 'untick']), ...about }),
  z.object({ kind: z.literal('choose'), ...about, option: z.string().max(500) }),
  z.object({ kind: z.literal('press'), ...about, key: z.string().max(20) }),
])
export type RecordedNote = z.output<typeof recordedNote>

/** `channel`: the name of the binding that takes notes, as JSON. */
export function recordingScript(channel: string): string {
  return `(${record.toString()})(${JSON.stringify(channel)}, ${selectorsOf.toString()})`
}

/** Runs inside the page, so it must stand on its own. Installed twice in a document, it works once. */
function record(channel: string, namesOf: (element: Element) => string[]): void {
  const here = globalThis as unknown as Record<string, unknown> // of this world alone
  const installed = `${channel}-installed`
  if (here[installed] === true) return
  here[installed] = true
  /** Fields that were password fields once: "show the password" makes them text. */
  const secret = new WeakSet<Element>()
  const typed = /^(text|email|tel|url|search|number|password|date|time|month|week|datetime-local|)$/

  const tell = (note: Record<string, unknown>): void => {
    const binding = here[channel]
    if (typeof binding === 'function') Reflect.apply(binding, globalThis, [JSON.stringify(note)])
  }
  const targetOf = (event: Event): Element | null => {
    const [first] = event.composedPath()
    return event.isTrusted && first instanceof Element ? first : null
  }
  const clean = (text: string | null | undefined): string => (text ?? '').replace(/\s+/g, ' ').trim().slice(0, 60)
  const labelOf = (element: Element): string => {
    const labels = 'labels' in element ? (element.labels as NodeListOf<HTMLLabelElement> | null) : null // of form fields alone
    return (
      clean(element.getAttribute('aria-label')) ||
      clean(labels?.[0]?.innerText) ||
      clean(element.getAttribute('placeholder')) ||
      (element instanceof HTMLInputElement
        ? ['submit', 'button'].includes(element.type)
          ? clean(element.value)
          : ''
        : element instanceof HTMLSelectElement
          ? ''
          : clean((element as HTMLElement).innerText))
    )
  }
  /** Consent to cookies is asked once and then not again. */
  const isLikely = (element: Element): boolean => {
    for (let one: Element | null = element; one !== null; one = one.parentElement) {
      const words = `${one.id} ${one.getAttribute('class') ?? ''} ${one.getAttribute('aria-label') ?? ''}`
      if (/cookie|consent|gdpr|onetrust|usercentrics/i.test(words)) return false
    }
    return true
  }
  const note = (kind: string, element: Element, rest: Record<string, unknown> = {}, chosen?: string): void => {
    const selector = chosen ?? namesOf(element)[0]
    if (selector !== undefined) tell({ kind, selector, label: labelOf(element), likely: isLikely(element), ...rest })
  }

  type Field = HTMLInputElement | HTMLTextAreaElement
  const isField = (element: Element | null): element is Field =>
    element instanceof HTMLTextAreaElement || (element instanceof HTMLInputElement && typed.test(element.type))
  const wordsOn = (field: Field): string => `${field.id} ${field.name} ${field.autocomplete} ${field.getAttribute('aria-label') ?? ''}`
  const meaningOf = (field: Field): 'password' | 'username' | 'totp' | 'text' => {
    if (field.type === 'password' || /password$/.test(field.autocomplete)) secret.add(field)
    if (secret.has(field) || /passw|passcode(?!.*code)|\bpwd\b/i.test(wordsOn(field))) return 'password'
    if (field.autocomplete === 'one-time-code') return 'totp'
    const short = field.maxLength > 0 && field.maxLength <= 8
    const digits = field.inputMode === 'numeric' || field.type === 'tel' || field.type === 'number' || short
    if (digits && /otp|2fa|mfa|token|verif|\bcode|digit/i.test(`${wordsOn(field)} ${field.className}`)) return 'totp'
    if (/^(username|email)\b/.test(field.autocomplete) || field.type === 'email') return 'username'
    return /user|login|log-?on|e-?mail|account|identif|benutzer|usuario|utilisateur/i.test(wordsOn(field)) ? 'username' : 'text'
  }
  /** Boxes of one digit each are one field to a person: a selector that finds all of them. */
  const groupOf = (field: Field): string | undefined => {
    if (field.maxLength !== 1) return undefined
    const alike = (css: string): number => (field.getRootNode() as ParentNode).querySelectorAll(css).length
    const classes = [...field.classList].map((one) => `input.${CSS.escape(one)}`)
    return classes.find((css) => alike(css) >= 4 && alike(css) <= 8)
  }
  const noteField = (field: Field): void => {
    const group = groupOf(field)
    const as = group === undefined ? meaningOf(field) : 'totp'
    note('fill', field, as === 'text' ? { as, value: field.value } : { as }, group)
  }
  /** What a click is meant for: the nearest thing that does something, or that looks as if it did. */
  const pressedBy = (target: Element): Element | null => {
    const button =
      'a[href],button,summary,[role=button],[role=link],[role=menuitem],[role=option],[role=tab],[role=checkbox],[role=switch],[onclick],input[type=submit],input[type=button],input[type=image],input[type=reset]'
    const label = target.closest('label')
    const found = target.closest(button)
    if (found !== null && (label === null || label.contains(found))) return found
    if (label?.control != null || target.closest('select,option,textarea,[contenteditable]') !== null) return null
    if (target instanceof HTMLInputElement) return target.readOnly && isField(target) ? target : null
    if (getComputedStyle(target).cursor !== 'pointer') return null
    let pointed = target
    while (pointed.parentElement !== null && getComputedStyle(pointed.parentElement).cursor === 'pointer') pointed = pointed.parentElement
    return pointed
  }

  const heed = (type: string, listener: (target: Element, event: Event) => void): void => {
    const heard = (event: Event): void => {
      const target = targetOf(event)
      if (target !== null) listener(target, event)
    }
    // The same listener counts once, however often it is added.
    const listen = (): void => addEventListener(type, heard, { capture: true, passive: true })
    // A page that writes itself anew has no listeners any more, of nobody.
    new MutationObserver(listen).observe(document, { childList: true })
    listen()
  }
  heed('focusin', (target) => {
    if (target instanceof HTMLInputElement && target.type === 'password') secret.add(target)
  })
  heed('input', (target) => {
    if (isField(target)) noteField(target)
  })
  heed('change', (target) => {
    if (target instanceof HTMLSelectElement) {
      const [option] = target.selectedOptions
      if (option !== undefined && !target.multiple) note('choose', target, { option: option.value === '' ? option.text : option.value })
    } else if (target instanceof HTMLInputElement && ['checkbox', 'radio'].includes(target.type)) {
      note(target.checked ? 'tick' : 'untick', target)
    }
  })
  heed('click', (target, event) => {
    const pressed = pressedBy(target)
    if (pressed === null) return
    // Enter in a field presses the form's button; the key was what the person did.
    const focused = (pressed.getRootNode() as Document | ShadowRoot).activeElement
    if (event instanceof MouseEvent && event.detail === 0 && isField(focused)) return
    note('click', pressed)
  })
  heed('keydown', (target, event) => {
    if (!(event instanceof KeyboardEvent) || event.repeat || !['Enter', 'Escape', 'ArrowDown', 'ArrowUp'].includes(event.key)) return
    const field = target instanceof HTMLInputElement && isField(target)
    if (event.key === 'Enter' ? field : field && target.getAttribute('role') === 'combobox') note('press', target, { key: event.key })
  })
}
