/** Texts with `{{names}}` in them, as people write them for rules. What is put in is never read as a template itself. */

/** Spaces inside are trimmed afterwards: an expression that did it would take as long as whoever writes the template likes. */
const placeholder = /\{\{([^{}]*)\}\}/g

/** The names in a template, in their order. */
export function placeholdersIn(template: string): string[] {
  return [...template.matchAll(placeholder)].map(([, inside = '']) => inside.trim())
}

export function fill(template: string, valueOf: (name: string) => string): string {
  return template.replace(placeholder, (_, inside: string) => valueOf(inside.trim()))
}

/** The name where the template is one placeholder and nothing else; null otherwise. */
export function onlyPlaceholder(template: string): string | null {
  const [first, ...others] = [...template.matchAll(placeholder)]
  return first !== undefined && others.length === 0 && first[0] === template ? (first[1] ?? '').trim() : null
}
