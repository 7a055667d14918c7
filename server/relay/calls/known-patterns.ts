/**
 * Patterns of what is private, as people and programs write it. Each takes time in proportion to the text, whoever made it: repetitions are
 * bounded, and none begins in the middle of what another try has walked already.
 */
import type { RedactKind } from '../contract/between.ts'

/** From where to where. */
export type Place = readonly [from: number, to: number]

const email = /(?<![\w.+%-])[\w.+%-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}/g
/** International with a plus, with a code in brackets, or from a zero, in groups. */
const phone =
  /(?<![\w+])(?:\+\d(?:[ ().\/-]{0,2}\d){6,14}|\(\d{2,5}\)[ -]?\d{2,5}(?:[ -]?\d{2,5}){1,3}|0\d{1,4}[ \/-]\d{2,5}(?:[ -]?\d{2,4}){1,4}|\d{3}[ .-]\d{3}[ .-]\d{4})(?!\d)/g
/** From 14 digits on, and by the first one: a time in milliseconds is none. */
const card = /(?<![\d.])[2-6](?:[ -]?\d){13,18}(?![\d.])/g
/** Known by their beginnings; the last three by what stands before them, which stays. */
const keys = [
  /(?<![\w-])(?:sk|pk|rk|whk|glpat|npm|hf|dop_v1|shpat)[-_][\w-]{16,512}/g,
  /(?<!\w)(?:gh[opsur]_\w{20,255}|github_pat_\w{20,255}|xox[abeoprs]-[\w-]{10,255}|(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[\w-]{35})/g,
  /(?<![\w-])eyJ[\w-]{10,4096}\.[\w-]{10,8192}\.[\w-]{10,2048}/g,
  /(?<=\bBearer {1,3})[\w.~+\/=-]{8,4096}/gi,
  /(?<=:\/\/)[^\s\/:@]{1,128}:[^\s\/@]{1,256}(?=@)/g,
  /(?<=\b(?:api[_-]?key|access[_-]?token|auth[_-]?token|client[_-]?secret|secret|token|password|passwd|pwd)["']?\s{0,3}[:=]\s{0,3}["']?)[^\s"',;&<>]{6,512}/gi,
]
const keyBlock = { begins: '-----BEGIN ', is: 'PRIVATE KEY-----', ends: '-----END ' }

export const placesOf: Readonly<Record<RedactKind, (text: string) => Place[]>> = {
  email: (text) => (text.includes('@') ? found(text, email) : []),
  // A date has fewer digits.
  phone: (text) => found(text, phone).filter(([from, to]) => text[from] === '+' || text.slice(from, to).replace(/\D/g, '').length >= 9),
  card: (text) => found(text, card).filter(([from, to]) => isCardNumber(text.slice(from, to))),
  key: (text) => [...keys.flatMap((pattern) => found(text, pattern)), ...keyBlocks(text)],
}

function found(text: string, pattern: RegExp): Place[] {
  return [...text.matchAll(pattern)].map(({ index, 0: all }) => [index, index + all.length] as const)
}

/** By its check digit, as Luhn has it. */
function isCardNumber(text: string): boolean {
  const digits = [...text.replace(/\D/g, '')].reverse().map(Number)
  const sum = digits.reduce((total, digit, at) => total + (at % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2), 0)
  return sum % 10 === 0 && digits.some((digit) => digit > 0)
}

/** To their ends, or to the end of a text that was cut. */
function keyBlocks(text: string): Place[] {
  const places: Place[] = []
  for (let from = text.indexOf(keyBlock.begins); from !== -1; from = text.indexOf(keyBlock.begins, from + 1)) {
    const head = text.slice(from, from + 64)
    if (!head.includes(keyBlock.is)) continue
    const end = text.indexOf(keyBlock.ends, from)
    const line = end === -1 ? -1 : text.indexOf(keyBlock.is, end)
    const to = line === -1 ? text.length : line + keyBlock.is.length
    places.push([from, to])
    from = to - 1
  }
  return places
}
