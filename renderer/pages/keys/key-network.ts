/** The address or network that a key may be used from, as somebody types it. */
import { figure } from '../../presentation/format.ts'

const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const address4 = new RegExp(`^${octet}(?:\\.${octet}){3}$`)
const superscript = '⁰¹²³⁴⁵⁶⁷⁸⁹'

export const networkHelp = 'Give an address such as 192.168.1.20 or a network such as 192.168.1.0/24'

/** `1 address`, `254 addresses`, `2⁶⁴ addresses`; null for what is neither an address nor a network. */
export function addressesText(text: string): string | null {
  const [address = '', prefix, ...rest] = text.trim().split('/')
  const width = address4.test(address) ? 32 : isAddress6(address) ? 128 : null
  if (width === null || rest.length > 0) return null
  if (prefix === undefined) return '1 address'
  if (!/^(?:0|[1-9]\d{0,2})$/.test(prefix) || Number(prefix) > width) return null
  const free = width - Number(prefix)
  if (free === 0) return '1 address'
  if (free > 32) return `2${[...String(free)].map((digit) => superscript[Number(digit)]).join('')} addresses`
  // The first and the last of an IPv4 network are nobody's; of two, both are somebody's.
  return `${figure(width === 32 && free > 1 ? 2 ** free - 2 : 2 ** free)} addresses`
}

/** As a browser reads it between brackets, which knows every way to shorten one. */
function isAddress6(text: string): boolean {
  return text.includes(':') && /^[\da-f:.]+$/i.test(text) && URL.canParse(`http://[${text}]/`)
}
