import { expect, it } from 'vitest'
import { createBlanker, safeAddress, safeHeaders, safeText } from '../../../../server/browsers/recorder/secrets.ts'

const nothing = createBlanker(() => [])
const token = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl'

it.each([
  ['https://user:harbor-demo@site.test/a', 'https://site.test/a'],
  ['https://site.test/a?token=abc&page=2&password=x%20y', 'https://site.test/a?token=***&page=2&password=***'],
  ['https://site.test/a?api_key=1&API%5FKEY=2&X-Amz-Signature=3', 'https://site.test/a?api_key=***&API%5FKEY=***&X-Amz-Signature=***'],
  ['https://site.test/cb#access_token=abc&expires_in=3600', 'https://site.test/cb#access_token=***&expires_in=3600'],
  [`https://site.test/reset/${token}/now?next=${token}`, 'https://site.test/reset/***/now?next=***'],
  ['https://site.test/containers?status=available#top', 'https://site.test/containers?status=available#top'],
  ['https://site.test/?a=1&a=2&flag&%E0%A4%A=5', 'https://site.test/?a=1&a=2&flag&%E0%A4%A=5'],
  ['blob:https://site.test/1', 'blob:https://site.test/1'],
])('an address is kept without what opens something: %s', (address, shown) => {
  expect(safeAddress(address, nothing)).toBe(shown)
})

it('what the session signs in with is blanked wherever a page puts it', () => {
  const blanker = createBlanker(() => ['harbor demo', undefined, 'abc'])
  expect(safeAddress('https://site.test/harbor%20demo?q=harbor+demo&r=abc', blanker)).toBe('https://site.test/***?q=***&r=abc')
  expect(safeText('typed harbor demo into abc', blanker)).toBe('typed *** into abc')
})

it('a text of the console keeps its words and loses its tokens', () => {
  expect(safeText(`sent {"password": "x1y2", "user": "a"} with Bearer abcdef123 to https://b:c@site.test/?key=1 ${token}`, nothing)).toBe(
    'sent {"password": "***", "user": "a"} with Bearer *** to https://site.test/?key=*** ***',
  )
  expect(safeText('x'.repeat(9_000), nothing)).toHaveLength(500)
})

it('of headers only those are kept that say what a request is', () => {
  const headers = { Authorization: 'Bearer a', Cookie: 'a=b', 'Set-Cookie': 'a=b', 'X-Api-Key': 'k', 'Content-Type': 'text/html' }
  expect(safeHeaders(headers, nothing)).toEqual([{ name: 'Content-Type', value: 'text/html' }])
})
