/** Numbers and times as a person reads them. */
import { locale } from './words.ts'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** `4 s`, `12 min`, `3 h`, `6 d`; `now` under two seconds. */
export function shortDuration(ms: number): string {
  const size = Math.abs(ms)
  if (size < 2 * second) return 'now'
  if (size < minute) return `${Math.floor(size / second)} s`
  if (size < hour) return `${Math.floor(size / minute)} min`
  if (size < day) return `${Math.floor(size / hour)} h`
  return `${Math.floor(size / day)} d`
}

/** `3 d 4 h`, `4 h 12 min`, `40 s`: the two largest parts. */
export function uptime(seconds: number): string {
  const whole = Math.floor(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3_600) return `${Math.floor(whole / 60)} min`
  if (whole < 86_400) return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3_600)} h`
}

/** `84 MB`, `4.1 GB`. */
export function bytes(size: number): string {
  if (size < 1_000) return `${size} B`
  if (size < 1_000_000) return `${Math.round(size / 1_000)} kB`
  if (size < 1_000_000_000) return `${Math.round(size / 1_000_000)} MB`
  return `${(size / 1_000_000_000).toFixed(1)} GB`
}

const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 })
const one = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 })

/** `1,840`: a count, grouped as the language does it. */
export const wholeNumber = (value: number): string => whole.format(value)

/** `1,840`, `7.4`, `0`: one decimal only where it tells something. */
export function figure(value: number): string {
  return value === 0 || value >= 10 ? whole.format(value) : Number.isInteger(value) ? whole.format(value) : one.format(value)
}

/** `104k` above ten thousand: for narrow places. */
export function shortCount(value: number): string {
  return value < 10_000 ? whole.format(value) : value < 1_000_000 ? `${Math.round(value / 1_000)}k` : `${(value / 1_000_000).toFixed(1)}M`
}

const minutes = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' })
const clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const dayText = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' })
const dateText = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', year: 'numeric' })
const exact = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'long' })

/** `14:32` in the reader's time zone; of ms since 1970. */
export const shortTime = (time: number): string => minutes.format(time)
/** `14:32:07` in the reader's time zone. */
export const clockTime = (iso: string): string => clock.format(new Date(iso))
/** `12 Nov`. */
export const shortDay = (iso: string): string => dayText.format(new Date(iso))
/** `20 Feb 2027`. */
export const longDay = (iso: string): string => dateText.format(new Date(iso))
/** The whole moment, for a tooltip. */
export const exactTime = (iso: string): string => exact.format(new Date(iso))

/**
 * An address short enough for a cell: the host's first label, then the end of the path, e.g. `truckerportal…/containers`.
 * Text that is no address is cut in its middle.
 */
export function middle(text: string, length: number): string {
  if (text.length <= length) return text
  const address = /^(?:https?|wss?):\/\/([^/]+)(\/.*)?$/.exec(text)
  if (address !== null) {
    const [, host = '', path = ''] = address
    const bare = `${host}${path}`
    if (bare.length <= length) return bare
    const label = /^[\d.:[\]]+$/.test(host) ? host : (host.split('.')[0] ?? host)
    const room = length - label.length - 1
    if (room >= 6) return `${label}…${path.length <= room ? path : `/${path.slice(-(room - 1))}`}`
  }
  const head = Math.ceil((length - 1) / 2)
  return `${text.slice(0, head)}…${text.slice(-(length - 1 - head))}`
}
