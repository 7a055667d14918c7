/** Numbers and dates as sites write them. */

/** Null where the text is none. `1,234.50`, `1.234,50 €` and `(12)` are read; a single comma before three digits groups thousands. */
export function readNumber(text: string): number | null {
  const bare = text.replace(/[^\d.,()\-−+]/g, '')
  const digits = bare.replace(/[()\-−+]/g, '')
  if (!/^\d/.test(digits.replace(/^[.,]/, ''))) return null
  const [dot, comma] = [digits.lastIndexOf('.'), digits.lastIndexOf(',')]
  const decimal = Math.max(dot, comma)
  const both = dot >= 0 && comma >= 0
  const mark = digits[decimal] ?? ''
  const repeated = mark !== '' && digits.split(mark).length > 2
  const groups = decimal >= 0 && !both && (repeated || (mark === ',' && digits.length - decimal === 4))
  const plain =
    decimal < 0 || groups ? digits.replace(/[.,]/g, '') : `${digits.slice(0, decimal).replace(/[.,]/g, '')}.${digits.slice(decimal + 1)}`
  const value = Number(plain)
  if (!Number.isFinite(value)) return null
  return /^[(\-−]/.test(bare) && value !== 0 ? -value : value
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/**
 * `2026-11-19`, with `T14:30` where a time stands beside it; null where the text is no date with a year. Between slashes the month stands
 * first, where it can.
 */
export function readDate(text: string): string | null {
  const found = partsOf(text)
  if (found === null) return null
  const { year, month, day } = found
  const date = new Date(Date.UTC(year, month - 1, day))
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null
  const time = /(?<!\d)(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([ap]\.?m\b)?/i.exec(text)
  return date.toISOString().slice(0, 10) + (time === null ? '' : `T${timeOf(time)}`)
}

function timeOf([, hours = '0', minutes = '00', seconds, half = '']: RegExpExecArray): string {
  const hour = half === '' ? Number(hours) : (Number(hours) % 12) + (/^p/i.test(half) ? 12 : 0)
  return [String(hour).padStart(2, '0'), minutes, ...(seconds === undefined ? [] : [seconds])].join(':')
}

function partsOf(text: string): { year: number; month: number; day: number } | null {
  const number = (part: string | undefined): number => Number(part ?? 0)
  const year = (part: string | undefined): number => number(part) + (part?.length === 2 ? 2_000 : 0)
  const iso = /\b(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)/.exec(text)
  if (iso) return { year: number(iso[1]), month: number(iso[2]), day: number(iso[3]) }
  const dotted = /\b(\d{1,2})[.-](\d{1,2})[.-](\d{4}|\d{2})\b/.exec(text)
  if (dotted) return { day: number(dotted[1]), month: number(dotted[2]), year: year(dotted[3]) }
  const slashed = /\b(\d{1,2})\/(\d{1,2})\/(\d{4}|\d{2})\b/.exec(text)
  if (slashed) {
    const [first, second] = [number(slashed[1]), number(slashed[2])]
    return first > 12 ? { day: first, month: second, year: year(slashed[3]) } : { month: first, day: second, year: year(slashed[3]) }
  }
  const named = /\b(?:(\d{1,2})\.?\s+)?([a-z]{3})[a-z]*\.?\s+(?:(\d{1,2})(?:st|nd|rd|th)?,?\s+)?(\d{4})\b/i.exec(text)
  const month = months.indexOf(named?.[2]?.toLowerCase() ?? '') + 1
  const day = named?.[1] ?? named?.[3]
  return named === null || month === 0 || day === undefined ? null : { day: number(day), month, year: number(named[4]) }
}
