import { describe, expect, it } from 'vitest'
import { colourPieces, snippet } from '../../../renderer/components/request-snippets.ts'

const post = {
  method: 'POST',
  url: 'http://127.0.0.1:5010/get_session',
  key: 'whk_x',
  body: { username: "o'neill", flag: true, none: null },
}

describe('ready-made requests', () => {
  it('escapes a single quote for the shell', () => {
    expect(snippet('curl', post)).toBe(
      `curl -X POST http://127.0.0.1:5010/get_session \\\n  -H "X-API-Key: whk_x" \\\n  -H "Content-Type: application/json" \\\n  -d '{\n  "username": "o'\\''neill",\n  "flag": true,\n  "none": null\n}'`,
    )
  })

  it('is JavaScript that runs', async () => {
    const calls: unknown[] = []
    const run = new Function('fetch', 'console', `return (async () => {${snippet('Node', post)}})()`) as (
      fetch: unknown,
      console: unknown,
    ) => Promise<void>
    await run((...args: unknown[]) => (calls.push(args), Promise.resolve({ json: () => ({}) })), { log: () => undefined })
    expect(calls).toEqual([
      [
        post.url,
        { method: 'POST', headers: { 'X-API-Key': 'whk_x', 'Content-Type': 'application/json' }, body: JSON.stringify(post.body) },
      ],
    ])
  })

  it('writes Python’s own True and None', () => {
    expect(snippet('Python', post)).toContain('"flag": True,\n')
    expect(snippet('Python', post)).toContain('"none": None\n')
  })

  it('is one line where nothing but an address is needed', () => {
    expect(snippet('curl', { method: 'GET', url: 'http://h/health' })).toBe('curl http://h/health')
  })

  it('loses no sign when it is coloured', () => {
    for (const language of ['curl', 'Node', 'Python'] as const) {
      const code = snippet(language, post)
      expect(
        colourPieces(code)
          .map(({ text }) => text)
          .join(''),
      ).toBe(code)
    }
  })
})
