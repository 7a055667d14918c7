/** What a browser of a user agent would say of itself in client hints, so that the two agree. */
import type { Protocol } from 'puppeteer-core'

type Hints = { userAgentMetadata?: Protocol.Emulation.UserAgentMetadata }

/** Nothing for one that sends no hints, such as Firefox and Safari. */
export function clientHintsOf(userAgent: string): Hints {
  const version = /\b(?:Headless)?Chrome\/([\d.]+)/.exec(userAgent)?.[1]
  if (version === undefined) return {}
  const [major = version] = version.split('.')
  const edge = /\bEdg\/([\d.]+)/.exec(userAgent)?.[1]
  const brands = (full: boolean) => [
    { brand: 'Not:A-Brand', version: full ? '8.0.0.0' : '8' },
    { brand: 'Chromium', version: full ? version : major },
    { brand: edge === undefined ? 'Google Chrome' : 'Microsoft Edge', version: full ? (edge ?? version) : major },
  ]
  const { platform, platformVersion, model } = systemOf(userAgent)
  return {
    userAgentMetadata: {
      brands: brands(false),
      fullVersionList: brands(true),
      fullVersion: version,
      platform,
      platformVersion,
      architecture: platform === 'Android' ? '' : 'x86',
      bitness: platform === 'Android' ? '' : '64',
      model,
      mobile: /\bMobile\b/.test(userAgent),
      wow64: false,
    },
  }
}

/** The headers of a request with the hints of this user agent in the place of others; the same object where they are right. */
export function withHints(headers: Readonly<Record<string, string>>, userAgent: string): Readonly<Record<string, string>> {
  const { userAgentMetadata: hints } = clientHintsOf(userAgent)
  const wanted: Record<string, string | null> = {
    'sec-ch-ua': hints ? (hints.brands ?? []).map(({ brand, version }) => `"${brand}";v="${version}"`).join(', ') : null,
    'sec-ch-ua-mobile': hints ? (hints.mobile ? '?1' : '?0') : null,
    'sec-ch-ua-platform': hints ? `"${hints.platform}"` : null,
  }
  const right = Object.entries(headers).every(([name, value]) => {
    const key = name.toLowerCase()
    return !Object.hasOwn(wanted, key) || wanted[key] === value
  })
  if (right) return headers
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      const key = name.toLowerCase()
      if (!Object.hasOwn(wanted, key)) return [[name, value]]
      const hint = wanted[key]
      return hint == null ? [] : [[name, hint]]
    }),
  )
}

/** `navigator.platform`. */
export function navigatorPlatform(userAgent: string): string {
  if (/Windows/.test(userAgent)) return 'Win32'
  if (/iPhone|iPad/.test(userAgent)) return /iPad/.test(userAgent) ? 'iPad' : 'iPhone'
  if (/Mac OS X|Macintosh/.test(userAgent)) return 'MacIntel'
  return /Android/.test(userAgent) ? 'Linux armv81' : 'Linux x86_64'
}

function systemOf(userAgent: string): { platform: string; platformVersion: string; model: string } {
  const android = /Android ([\d.]+)(?:; ([^;)]+))?/.exec(userAgent)
  if (android)
    return { platform: 'Android', platformVersion: `${android[1] ?? '10'}.0.0`, model: android[2]?.replace(/ Build.*/, '') ?? '' }
  if (/Windows/.test(userAgent)) return { platform: 'Windows', platformVersion: '15.0.0', model: '' }
  const mac = /Mac OS X ([\d_]+)/.exec(userAgent)
  if (mac) return { platform: 'macOS', platformVersion: (mac[1] ?? '').replaceAll('_', '.'), model: '' }
  return { platform: /CrOS/.test(userAgent) ? 'Chrome OS' : 'Linux', platformVersion: '', model: '' }
}
