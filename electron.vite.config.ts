/** The three builds: server and shell for Node and Electron, the bridge between, and the window. */
import { copyFileSync, mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'electron-vite'
import type { Plugin } from 'vite'
import { windowPlugins } from './renderer/vite-plugins.ts'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  main: {
    plugins: [docsViewer()],
    build: {
      outDir: at('out/main'),
      // Everything is bundled but what cannot be: Electron, the one package with a native file, and what baileys asks for and does without.
      externalizeDeps: false,
      sourcemap: true,
      minify: false,
      reportCompressedSize: false,
      rolldownOptions: {
        input: { index: at('main/index.ts'), cli: at('server/cli.ts') },
        external: ['electron', 'better-sqlite3', 'sharp', 'jimp', 'link-preview-js', 'audio-decode'],
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  },
  preload: {
    build: {
      outDir: at('out/preload'),
      externalizeDeps: false,
      sourcemap: false,
      minify: false,
      reportCompressedSize: false,
      rolldownOptions: {
        input: { index: at('preload/index.ts') },
        external: ['electron'],
        // A sandboxed preload is loaded as CommonJS, whatever package.json says.
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: at('renderer'),
    plugins: [windowPlugins()],
    build: {
      outDir: at('out/renderer'),
      emptyOutDir: true,
      sourcemap: false,
      reportCompressedSize: false,
      rolldownOptions: { input: at('renderer/index.html') },
    },
  },
})

/** The API reference's viewer is served as files, so its two files are copied beside the server. */
function docsViewer(): Plugin {
  return {
    name: 'wheelhouse:docs-viewer',
    apply: 'build',
    writeBundle() {
      mkdirSync(at('out/docs-viewer'), { recursive: true })
      for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js', 'LICENSE']) copyFileSync(at(`node_modules/swagger-ui-dist/${file}`), at(`out/docs-viewer/${file}`))
    },
  }
}
