/** A checkout in a folder whose name ends a JavaScript string too soon. */
import { expect, it } from 'vitest'
import { quotedPaths } from '../../../renderer/vite-plugins.ts'

const root = "/home/ann/ann's work/wheelhouse/"

it('has the paths quoted that code generators wrote between apostrophes, and leaves all else alone', () => {
  const plugin = quotedPaths(root)
  if (plugin === null || typeof plugin !== 'object' || !('transform' in plugin) || typeof plugin.transform !== 'function')
    throw new Error('no plugin')
  const transform = (code: string) => Reflect.apply(plugin.transform as (code: string) => { code: string } | null, null, [code]) // called without a build around it
  const text = `const word = 'it';\nimport { default as A } from '${root}node_modules/a/modal.vue';import '${root}b.css'; const own = 'ann';`
  expect(transform(text)?.code).toBe(
    `const word = 'it';\nimport { default as A } from "${root}node_modules/a/modal.vue";import "${root}b.css"; const own = 'ann';`,
  )
  expect(transform("import A from './a.vue'")).toBeNull()
})

it('is no matter elsewhere', () => {
  expect(quotedPaths('/home/ann/wheelhouse/')).toEqual([])
})
