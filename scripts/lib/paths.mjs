/** Where things are in this project. */
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')

/** @param {...string} parts */
export const inRoot = (...parts) => join(root, ...parts)

/** The script of an installed tool; started with the pinned Node, so that neither a shell nor `npx` is needed. */
export const tools = {
  electronBuilder: inRoot('node_modules/electron-builder/cli.js'),
  electronInstall: inRoot('node_modules/electron/install.js'),
  electronVite: inRoot('node_modules/electron-vite/bin/electron-vite.js'),
  eslint: inRoot('node_modules/eslint/bin/eslint.js'),
  prettier: inRoot('node_modules/prettier/bin/prettier.cjs'),
  tsc: inRoot('node_modules/typescript/bin/tsc'),
  vitest: inRoot('node_modules/vitest/vitest.mjs'),
  vueTsc: inRoot('node_modules/vue-tsc/bin/vue-tsc.js'),
}

/** The headless server as built. */
export const builtCli = inRoot('out/main/cli.js')
