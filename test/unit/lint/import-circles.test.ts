/** Files that import each other in a circle can only be understood, moved and tested together, so there are none. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../../..')

describe('imports', () => {
  it.each(['client', 'main', 'preload', 'renderer', 'scripts', 'server', 'words'])('of %s/ form no circle', (folder) => {
    expect(circlesOf(importsBelow(folder))).toEqual([])
  })

  it('are followed around a circle, types too, whatever else imports it', () => {
    const imports = new Map([
      ['a', ['b']],
      ['b', ['c', 'd']],
      ['c', ['b', 'e']],
      ['d', []],
      ['e', ['c']],
    ])
    expect(circlesOf(imports)).toEqual([['b', 'c', 'e']])
  })
})

/** Of each source file, those of its imports and re-exports that are source files below the same folder. */
function importsBelow(folder: string): Map<string, string[]> {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name.replaceAll('\\', '/')))
    .filter((file) => /\.(m?ts|mjs|vue)$/.test(file) && !file.includes('node_modules'))
  const all = new Set(files)
  return new Map(
    files.map((file) => {
      const text = readFileSync(join(root, file), 'utf8')
      const { importedFiles } = ts.preProcessFile(file.endsWith('.vue') ? scriptOf(text) : text, true, true)
      return [file, importedFiles.map(({ fileName }) => join(dirname(file), fileName)).filter((target) => all.has(target))]
    }),
  )
}

function scriptOf(component: string): string {
  return [...component.matchAll(/<script[^>]*>(.*?)<\/script>/gs)].map(([, script = '']) => script).join('\n')
}

/** Each the files of one circle, or of several that touch; sorted. By Tarjan's algorithm for strongly connected components. */
function circlesOf(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const seen = new Map<string, { order: number; lowest: number; open: boolean }>()
  const path: string[] = []
  const circles: string[][] = []

  function visit(file: string): { lowest: number } {
    const own = { order: seen.size, lowest: seen.size, open: true }
    seen.set(file, own)
    path.push(file)
    for (const next of imports.get(file) ?? []) {
      const known = seen.get(next)
      if (known === undefined) own.lowest = Math.min(own.lowest, visit(next).lowest)
      else if (known.open) own.lowest = Math.min(own.lowest, known.order)
    }
    if (own.lowest === own.order) {
      const members = path.splice(path.indexOf(file))
      for (const member of members) Object.assign(seen.get(member) ?? {}, { open: false })
      if (members.length > 1 || imports.get(file)?.includes(file) === true) circles.push(members.toSorted())
    }
    return own
  }

  for (const file of imports.keys()) if (!seen.has(file)) visit(file)
  return circles.toSorted(([a = ''], [b = '']) => a.localeCompare(b))
}
