import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import lucide from '@iconify-json/lucide/icons.json' with { type: 'json' }

const renderer = join(import.meta.dirname, '../../renderer')
const sources = globSync('**/*.{vue,ts}', { cwd: renderer, exclude: ['node_modules/**'] }).map(
  (file) => [file, readFileSync(join(renderer, file), 'utf8')] as const,
)

describe('icons', () => {
  it('all exist in the bundled collection, since a missing one would silently stay empty', () => {
    const known = new Set([...Object.keys(lucide.icons), ...Object.keys(lucide.aliases)])
    const missing = sources.flatMap(([file, text]) =>
      [...text.matchAll(/i-lucide-([a-z0-9-]+)/g)].flatMap(([, name = '']) => (known.has(name) ? [] : [`${file}: ${name}`])),
    )
    expect(missing).toEqual([])
  })

  it('are written out whole, since the build bundles only names it can read', () => {
    expect(sources.filter(([, text]) => /i-lucide-\$\{|'i-lucide-' \+/.test(text)).map(([file]) => file)).toEqual([])
  })
})
