/** The one-time code of a sign-in link, `…/#sign-in=<code>`: taken out of the address at once, so that no history keeps it. */
export function takeSignInCode(page: Location = location, past: History = history): string | null {
  const match = /^#sign-in=(.+)$/.exec(page.hash)
  if (match === null) return null
  past.replaceState(null, '', `${page.pathname}${page.search}#/`)
  return decodeURIComponent(match[1] ?? '')
}
