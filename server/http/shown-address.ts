/**
 * Addresses that are worth something by themselves: whoever knows them all can call a webhook or a server in our place. Lists show where
 * they lead and the beginnings of their parts, enough to tell them apart; in full they are seen when they are given, and by who asks for
 * one.
 */

/** Stands for what is kept back. */
export const keptBack = '…'

/** Parts that every address of its kind has. */
const plainPart = /^(?:|mcp|sse|api|http|stream|messages?|events|rpc|servers?|services|hooks?|webhooks?|inbox|v\d{1,2}(?:\.\d{1,2})?)$/
/** Of a part so long the beginning gives nothing away. */
const longPart = 16
const beginning = 4

export function isPlainPart(part: string): boolean {
  return plainPart.test(part)
}

/** Without user, password, query and fragment; `https://host/services/T0A1…/…`. */
export function shownAddress(url: string): string {
  const parsed = URL.parse(url)
  if (parsed === null) return keptBack
  const path =
    parsed.pathname === '/'
      ? []
      : parsed.pathname
          .split('/')
          .map((part) => (isPlainPart(part) ? part : `${part.length < longPart ? '' : part.slice(0, beginning)}${keptBack}`))
  return `${parsed.protocol}//${parsed.host}${path.join('/')}${parsed.search === '' ? '' : `?${keptBack}`}`
}
