/** Numbers, plurals and lists as a language writes them. */

export interface Format {
  /** `1,840`. */
  number(value: number): string
  /** The form that fits the count, with `#` for the number: `plural(2, { one: '# bot', other: '# bots' })`. */
  plural(count: number, forms: PluralForms): string
  /** `a, b and c`. */
  list(items: readonly string[]): string
}

/** A language names the forms it has; `other` stands for those it does not. */
export type PluralForms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }

export function formatOf(locale: string): Format {
  const numbers = new Intl.NumberFormat(locale)
  const rules = new Intl.PluralRules(locale)
  const lists = new Intl.ListFormat(locale)
  const number = (value: number): string => numbers.format(value)
  return {
    number,
    plural: (count, forms) => (forms[rules.select(count)] ?? forms.other).replaceAll('#', number(count)),
    list: (items) => lists.format(items),
  }
}
