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

/** What knows a language is made when it is first asked: its tables take 6 MB, which a server that nobody looks at never needs. */
export function formatOf(locale: string): Format {
  let numbers: Intl.NumberFormat | undefined
  let rules: Intl.PluralRules | undefined
  let lists: Intl.ListFormat | undefined
  const number = (value: number): string => (numbers ??= new Intl.NumberFormat(locale)).format(value)
  return {
    number,
    plural: (count, forms) => (forms[(rules ??= new Intl.PluralRules(locale)).select(count)] ?? forms.other).replaceAll('#', number(count)),
    list: (items) => (lists ??= new Intl.ListFormat(locale)).format(items),
  }
}
