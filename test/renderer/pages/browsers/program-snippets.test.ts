import { expect, it } from 'vitest'
import { programSnippet } from '../../../../renderer/pages/browsers/session/program-snippets.ts'

it.each(['Puppeteer', 'Playwright', 'Python', 'curl'] as const)('shows how %s connects, with a key and without', (language) => {
  const addresses = { connectUrl: 'ws://127.0.0.1:5010/cdp/x', httpUrl: 'http://127.0.0.1:5010/cdp/x' }
  const keyed = programSnippet(language, { ...addresses, needsKey: true })
  const open = programSnippet(language, { ...addresses, needsKey: false })
  expect(keyed).toMatch(/X-API-Key.*WHEELHOUSE_KEY/)
  expect(open).not.toContain('X-API-Key')
  for (const code of [keyed, open]) expect(code).toContain('127.0.0.1:5010/cdp/x')
})
