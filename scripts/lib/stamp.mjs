/** Whether the sources are those of the last build: told by content, since a checkout or a clone changes every date. */
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Everything that a build reads. */
export const sourcesOfBuild = [
  'client/brokers/src',
  'client/logins/src',
  'main',
  'preload',
  'renderer',
  'server',
  'words',
  'electron.vite.config.ts',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
]

/** Made by the build itself. */
const made = /(^node_modules$)|((auto-imports|components)\.d\.ts$)/

/** @param {string} root @param {readonly string[]} paths */
export function fingerprint(root, paths) {
  const hash = createHash('sha256')
  for (const path of paths) addTo(hash, root, path)
  return hash.digest('hex')
}

/** @param {string} file @returns {string | null} */
export function readStamp(file) {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return null
  }
}

/** @param {string} file @param {string} value */
export function writeStamp(file, value) {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${value}\n`)
}

/** @param {string} file */
export function removeStamp(file) {
  rmSync(file, { force: true })
}

/** @param {import('node:crypto').Hash} hash @param {string} root @param {string} path */
function addTo(hash, root, path) {
  const full = join(root, path)
  const stats = statSync(full, { throwIfNoEntry: false })
  if (stats === undefined) return
  if (stats.isDirectory()) {
    for (const name of readdirSync(full).sort()) {
      if (!made.test(name)) addTo(hash, root, `${path}/${name}`)
    }
    return
  }
  // The length keeps two files apart whose texts run into each other.
  const content = readFileSync(full)
  hash.update(`${path}\0${content.length}\0`).update(content)
}
