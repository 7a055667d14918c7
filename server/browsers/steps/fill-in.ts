/** Puts what is known into the texts of steps: `{name}` in an address, a selector or a value. */
import type { PageSign } from '../contract/site-steps.ts'
import { BrowserFault } from '../fault.ts'

export type Values = Readonly<Record<string, string>>

const placeholder = /\{([a-z_][a-z0-9_]{0,39})\}/g

/** What has no value stays as it is. */
export function fillIn(text: string, values: Values, escape: (value: string) => string): string {
  return text.replace(placeholder, (whole, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined
    return value === undefined ? whole : escape(value)
  })
}

/** The names in a text. */
export const namesIn = (text: string): string[] => [...text.matchAll(placeholder)].map(([, name = '']) => name)

/**
 * Inert as an identifier and inside a quoted string alike: all but letters, digits, `-` and `_` becomes a code point, as does a leading
 * digit.
 */
export function escapeSelector(value: string): string {
  return value.replace(/^-?[0-9]|[^\p{L}\p{N}_-]/gu, (part) =>
    Array.from(part, (letter) => `\\${letter.codePointAt(0)?.toString(16) ?? ''} `).join(''),
  )
}

/** A selector with its values. Throws `operation-failed` for a value that could mean something else in a selector that is no CSS. */
export function fillSelector(selector: string, values: Values): string {
  if (/^text\//.test(selector)) return fillIn(selector, values, String)
  if (!/^(aria|xpath)\//.test(selector)) return fillIn(selector, values, escapeSelector)
  return fillIn(selector, values, (value) => {
    if (/[^\p{L}\p{N} _.,-]/u.test(value)) throw new BrowserFault('operation-failed', `The value cannot stand in the selector ${selector}`)
    return value
  })
}

/** A sign with its values. */
export function fillSign({ url, selector, text }: PageSign, values: Values): PageSign {
  return {
    url:
      url === undefined
        ? undefined
        : fillIn(url, values, (value) => value.replace(/[^\p{L}\p{N}]/gu, (letter) => `\\x{${letter.codePointAt(0)?.toString(16) ?? ''}}`)),
    selector: selector === undefined ? undefined : fillSelector(selector, values),
    text: text === undefined ? undefined : fillIn(text, values, String),
  }
}
