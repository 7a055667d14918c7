/** Code is laid out by the formatter, which leaves comments as they are: those end at 140 columns too. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const folders = ['client', 'examples', 'main', 'preload', 'renderer', 'scripts', 'server', 'test', 'words']
const files = folders.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|vue|mjs)$/.test(file) && !/(^|\/)(node_modules|dist)\//.test(file) && !file.includes('migrations'))
    .map((file) => `${folder}/${file}`),
)
const comment = /^\s*(?:\/\/|\/?\*)/

test('no comment is wider than 140 columns', () => {
  const wide = files.flatMap((file) =>
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .flatMap((line, index) => (line.length > 140 && comment.test(line) ? [`${file}:${index + 1}`] : [])),
  )
  expect(wide).toEqual([])
})
