/**
 * Whether a selector is well formed, as far as that can be told without a browser: its brackets and quotes match, and each part of it has a
 * name. What it lets through, the page's own parser judges.
 */

/** Null for one that seems well formed. `{name}` stands for a value in it. */
export function selectorProblem(selector: string): string | null {
  const text = selector.replace(/\{[a-z0-9_]+\}/g, 'x').trim()
  const own = /^(text|aria|xpath|pierce)\/(.*)$/s.exec(text)
  if (own !== null)
    return own[2]?.trim() === '' ? `nothing follows ${own[1] ?? ''}/` : own[1] === 'pierce' ? cssProblem(own[2] ?? '') : null
  return cssProblem(text)
}

function cssProblem(text: string): string | null {
  const { bare, problem } = withoutNested(text)
  if (problem !== null) return problem
  if (/^\s*,|,\s*(,|$)/.test(bare)) return 'a part is missing beside a comma'
  for (const one of bare.split(',')) {
    const compounds = one.trim().split(/\s*(?:>>>>|>>>|[>+~])\s*|\s+/)
    // A deep combinator may stand first: it means inside the page's own shadow roots.
    if (/^\s*>{3,4}\s*\S/.test(one)) compounds.shift()
    if (compounds.some((compound) => compound === '')) return 'a part is missing beside a combinator'
    const bad = compounds.find((compound) => !isCompound(compound))
    if (bad !== undefined) return `${bad.replaceAll('\u0001', '[…]').replaceAll('\u0002', '(…)')} is no part of a selector`
  }
  return null
}

const name = String.raw`-?(?:[\p{L}_]|[^\x00-\x7F]|\\.|--)(?:[\p{L}\p{N}_-]|[^\x00-\x7F]|\\.)*`
/** Brackets stand as \u0001 here, what is in parentheses as \u0002. */
const compoundPattern = new RegExp(String.raw`^(?:\*|&|(?:\*|${name})?\|?${name})?(?:[#.]${name}|\u0001|::?${name}\u0002?)*$`, 'u')
const isCompound = (text: string): boolean => text !== '' && compoundPattern.test(text)

/** Replaces what stands in brackets and parentheses, whose inside is judged by itself where that is needed. */
function withoutNested(text: string): { bare: string; problem: string | null } {
  let bare = ''
  const open: { mark: string; from: number }[] = []
  let quote = ''
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at] ?? ''
    if (letter === '\\') {
      if (at + 1 >= text.length) return { bare, problem: 'it ends in a backslash' }
      if (open.length === 0) bare += text.slice(at, at + 2)
      at += 1
    } else if (quote !== '') {
      if (letter === quote) quote = ''
    } else if ((letter === '"' || letter === "'") && open.length > 0) quote = letter
    else if (letter === '[' || letter === '(') open.push({ mark: letter, from: at + 1 })
    else if (letter === ']' || letter === ')') {
      const last = open.pop()
      if (last?.mark !== (letter === ']' ? '[' : '(')) return { bare, problem: `${letter} has no beginning` }
      const inside = text.slice(last.from, at)
      if (letter === ']' && !isAttribute(inside)) return { bare, problem: `[${inside}] is no attribute` }
      if (open.length === 0) bare += letter === ']' ? '\u0001' : '\u0002'
    } else if (open.length === 0) bare += letter
  }
  if (quote !== '') return { bare, problem: 'a quote is not closed' }
  return { bare, problem: open.length > 0 ? `${open[0]?.mark ?? ''} is not closed` : null }
}

const attribute = new RegExp(
  String.raw`^\s*(?:\*?\|)?${name}\s*(?:[~|^$*]?=\s*(?:"[^"]*"|'[^']*'|(?:[\p{L}\p{N}_-]|[^\x00-\x7F]|\\.)+)\s*[is]?\s*)?$`,
  'su',
)
const isAttribute = (inside: string): boolean => attribute.test(inside)
