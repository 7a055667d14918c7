/** A document that points nowhere sends its reader away; moved files leave such links behind. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const inFolder = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md') && !file.includes('node_modules'))
    .map((file) => join(root, folder, file))
const documents = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'].map((file) => join(root, file)),
  ...['docs', 'client', 'examples'].flatMap(inFolder),
]

test('every link of a document to a file of the project leads to one', () => {
  const broken = documents.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !existsSync(join(dirname(file), target)))
      .map((target) => `${relative(root, file)}: ${target}`),
  )
  expect(broken).toEqual([])
})

test('every file that a document names below the root is there', () => {
  const missing = documents.flatMap((file) =>
    [
      ...readFileSync(file, 'utf8').matchAll(
        /`((?:server|renderer|main|client|words|scripts|test|docs|examples)\/[\w./-]+\.(?:ts|mjs|vue|md))`/g,
      ),
    ]
      .map(([, target = '']) => target)
      .filter((target) => !existsSync(join(root, target)))
      .map((target) => `${relative(root, file)}: ${target}`),
  )
  expect(missing).toEqual([])
})
