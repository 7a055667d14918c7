import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { billOfMaterials, refusedPackages, shippedPackages } from '../../../scripts/licences.mjs'

const root = join(import.meta.dirname, '../../..')
const readJson = (file: string) => JSON.parse(readFileSync(join(root, file), 'utf8'))

test('only what ships is listed, nested copies with it, by name and version', () => {
  const packages = {
    '': { version: '0.1.0', license: 'GPL-3.0-or-later' },
    'node_modules/b': { version: '2.0.0', license: 'ISC' },
    'node_modules/a': { version: '1.0.0', license: 'MIT' },
    'node_modules/a/node_modules/@scope/b': { version: '1.5.0', license: 'MIT' },
    'node_modules/c/node_modules/b': { version: '2.0.0', license: 'ISC' },
    'node_modules/builder': { version: '1.0.0', license: 'MIT', dev: true },
    'node_modules/ours': { link: true },
    'client/logins': { version: '0.1.0', license: 'MIT' },
  }
  expect(shippedPackages({ packages })).toEqual([
    { name: '@scope/b', version: '1.5.0', licence: 'MIT' },
    { name: 'a', version: '1.0.0', licence: 'MIT' },
    { name: 'b', version: '2.0.0', licence: 'ISC' },
  ])
})

test('a licence that nobody has looked at is refused, each part of it counts, and one of several to choose from is enough', () => {
  const licences = ['MIT', 'SSPL-1.0', 'MIT AND SSPL-1.0', '(SSPL-1.0 OR MIT)', 'not said']
  const refused = refusedPackages(licences.map((licence) => ({ name: 'a', version: '1.0.0', licence })))
  expect(refused.map(({ licence }) => licence)).toEqual(['SSPL-1.0', 'MIT AND SSPL-1.0', 'not said'])
})

test('every package that ships may ship in a program under the GPL', () => {
  const shipped = shippedPackages(readJson('package-lock.json'))
  expect(shipped.map(({ name }) => name)).toEqual(expect.arrayContaining(Object.keys(readJson('package.json').dependencies)))
  expect(refusedPackages(shipped)).toEqual([])
})

test('a bill of materials names each package as scanners look it up', () => {
  const [component] = billOfMaterials([{ name: '@scope/b', version: '1.5.0', licence: 'MIT' }]).components
  expect(component).toMatchObject({ purl: 'pkg:npm/%40scope/b@1.5.0', licenses: [{ expression: 'MIT' }] })
})
