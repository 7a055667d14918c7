import { expect, it } from 'vitest'
import { clientHintsOf, navigatorPlatform, withHints } from '../../../../server/browsers/resource/client-hints.ts'
import { matchesWildcards } from '../../../../server/browsers/resource/wildcards.ts'

const android = 'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.7000.1 Mobile Safari/537.36'
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'

it('hints say the same as the user agent', () => {
  expect(clientHintsOf(android).userAgentMetadata).toMatchObject({
    mobile: true,
    platform: 'Android',
    model: 'Pixel 8',
    fullVersion: '150.0.7000.1',
  })
  expect(navigatorPlatform('Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Chrome/150.0.0.0')).toBe('MacIntel')
})

it('a browser that sends no hints sends none, and right ones are left as they are', () => {
  expect(clientHintsOf(firefox)).toEqual({})
  const headers = { Accept: '*/*', 'sec-ch-ua-platform': '"Linux"' }
  expect(withHints(headers, firefox)).toEqual({ Accept: '*/*' })
  expect(withHints(headers, android)).toEqual({ Accept: '*/*', 'sec-ch-ua-platform': '"Android"' })
  expect(withHints(headers, 'X11; Linux x86_64 Chrome/150.0.0.0')).toBe(headers)
})

it('a pattern fits a whole address, in no time that a caller could spend', () => {
  expect(matchesWildcards('https://a.test/ads/banner.png', '*/ads/*')).toBe(true)
  expect(matchesWildcards('https://a.test/loads', '*/ads/*')).toBe(false)
  expect(matchesWildcards('https://a.test/1.png', 'https://?.test/*.png')).toBe(true)
  expect(matchesWildcards('a'.repeat(100_000), `${'*a'.repeat(200)}b`)).toBe(false)
})
