/** Cookies between a browser, Playwright's writing of them, and the file that curl and wget read. */
import type { Protocol } from 'puppeteer-core'
import type { StateCookie } from './browser-state.ts'

export function fromBrowser(cookie: Protocol.Network.Cookie): StateCookie {
  const { name, value, domain, path, httpOnly, secure, sameSite, session, expires, partitionKey } = cookie
  return {
    name,
    value,
    domain,
    path,
    expires: session ? -1 : expires,
    httpOnly,
    secure,
    ...(sameSite === undefined ? {} : { sameSite }),
    ...(partitionKey === undefined
      ? {}
      : { partitionKey: partitionKey.topLevelSite, _crHasCrossSiteAncestor: partitionKey.hasCrossSiteAncestor }),
  }
}

export function toBrowser(cookie: StateCookie): Protocol.Network.CookieParam {
  const { name, value, domain, path, httpOnly, secure, sameSite, expires, partitionKey, _crHasCrossSiteAncestor = true } = cookie
  return {
    name,
    value,
    domain,
    path,
    httpOnly,
    secure,
    ...(sameSite === undefined ? {} : { sameSite }),
    ...(expires < 0 ? {} : { expires }),
    ...(partitionKey === undefined ? {} : { partitionKey: { topLevelSite: partitionKey, hasCrossSiteAncestor: _crHasCrossSiteAncestor } }),
  }
}

/** What makes two cookies the same one. */
export const cookieKey = ({
  name,
  domain,
  path,
  partitionKey = '',
}: Pick<StateCookie, 'name' | 'domain' | 'path' | 'partitionKey'>): string => JSON.stringify([name, domain, path, partitionKey])

/** `now` in ms since the epoch. */
export const hasRunOut = ({ expires }: StateCookie, now: number): boolean => expires >= 0 && expires * 1_000 <= now

/** Whether a page of this host gets it. */
export function belongsTo({ domain }: Pick<StateCookie, 'domain'>, host: string): boolean {
  return domain.startsWith('.') ? host === domain.slice(1) || host.endsWith(domain) : host === domain
}

/** Of what stands before a site, and gone within minutes or hours: against robots, or to find the same machine again. */
const ofOthers = /^(__cf|_cf|cf_|ak_bmsc$|bm_|_abck$|incap_ses|visid_incap|nlbi_|awsalb|arraffinity|datadome$|_ga|_gid$|aws-waf-token$)/i

/** `at`: ms since the epoch. */
export interface LoginEnd {
  at: number
  cookie: string
}

/**
 * When a login at these hosts probably runs out, and the cookie that says so: those that scripts cannot read carry logins as a rule, and
 * the first of them to go takes it along. Null where one of them ends with the browser alone, or none says anything: the site decides then.
 * It decides in any case: it may end the login sooner, or renew its cookie.
 */
export function loginEndOf(cookies: readonly StateCookie[], hosts: readonly string[]): LoginEnd | null {
  const own = cookies.filter((cookie) => !ofOthers.test(cookie.name) && hosts.some((host) => belongsTo(cookie, host)))
  const hidden = own.filter(({ httpOnly }) => httpOnly)
  const counting = hidden.length > 0 ? hidden : own
  if (counting.some(({ expires }) => expires < 0)) return null
  const [first] = counting.toSorted((a, b) => a.expires - b.expires)
  return first === undefined ? null : { at: first.expires * 1_000, cookie: first.name }
}

const netscapeHead = '# Netscape HTTP Cookie File'

/** Partitioned cookies have no place in it. */
export function toNetscape(cookies: readonly StateCookie[]): string {
  const flag = (is: boolean): string => (is ? 'TRUE' : 'FALSE')
  const lines = cookies
    .filter(({ partitionKey }) => partitionKey === undefined)
    .map(({ name, value, domain, path, expires, secure, httpOnly }) =>
      [
        `${httpOnly ? '#HttpOnly_' : ''}${domain}`,
        flag(domain.startsWith('.')),
        path,
        flag(secure),
        expires < 0 ? 0 : Math.floor(expires),
        name,
        value,
      ].join('\t'),
    )
  return [netscapeHead, '', ...lines, ''].join('\n')
}

/** Returns the number of the first line that is none, beginning at 1, instead of cookies. */
export function fromNetscape(text: string): { cookies: StateCookie[] } | { line: number } {
  const cookies: StateCookie[] = []
  for (const [at, written] of text.split(/\r?\n/).entries()) {
    const httpOnly = written.startsWith('#HttpOnly_')
    const line = httpOnly ? written.slice('#HttpOnly_'.length) : written
    if (line.trim() === '' || (line.startsWith('#') && !httpOnly)) continue
    const [domain = '', subdomains, path = '/', secure, expires = '0', name, ...value] = line.split('\t')
    if (name === undefined || domain === '' || !/^(TRUE|FALSE)$/i.test(subdomains ?? '') || !/^\d+(\.\d+)?$/.test(expires))
      return { line: at + 1 }
    const forAll = subdomains?.toUpperCase() === 'TRUE'
    cookies.push({
      name,
      value: value.join('\t'),
      domain: forAll && !domain.startsWith('.') ? `.${domain}` : domain,
      path,
      expires: Number(expires) === 0 ? -1 : Number(expires),
      httpOnly,
      secure: secure?.toUpperCase() === 'TRUE',
    })
  }
  return { cookies }
}
