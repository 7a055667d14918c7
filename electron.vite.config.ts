/** The three builds: server and shell for Node and Electron, the bridge between, and the window. */
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'electron-vite'
import type { Plugin } from 'vite'
import { windowPlugins } from './renderer/vite-plugins.ts'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  main: {
    plugins: [leanHttp(), leanMediaTypes(), oneByteText(), docsViewer(), pageScripts(), protocolDescription()],
    // One copy of what Koa and its parts bring in three, and Node's own streams instead of a copy of them.
    resolve: {
      alias: { 'mime-db': createRequire(at('node_modules/koa/package.json')).resolve('mime-db'), 'readable-stream': 'node:stream' },
    },
    build: {
      outDir: at('out/main'),
      // Everything is bundled but what cannot be: Electron, the one package with a native file, and what baileys asks for and does without.
      externalizeDeps: false,
      sourcemap: true,
      minify: false,
      reportCompressedSize: false,
      rolldownOptions: {
        input: { index: at('main/index.ts'), cli: at('server/cli.ts'), 'api-reader': at('server/relay/openapi/reader.ts') },
        external: ['electron', 'better-sqlite3', 'sharp', 'jimp', 'link-preview-js', 'audio-decode'],
        output: {
          format: 'es',
          entryFileNames: '[name].js',
          chunkFileNames: 'chunks/[name]-[hash].js',
          // The engine keeps the text of all that it loads: without indentation a megabyte less. Names stay, for those who read traces.
          minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
          comments: { legal: true, annotation: false, jsdoc: false },
        },
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
      for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js', 'LICENSE'])
        copyFileSync(at(`node_modules/swagger-ui-dist/${file}`), at(`out/docs-viewer/${file}`))
    },
  }
}

/** Libraries that run in the pages of browser sessions, as files beside the server. */
function pageScripts(): Plugin {
  return {
    name: 'wheelhouse:page-scripts',
    apply: 'build',
    writeBundle() {
      mkdirSync(at('out/page-scripts'), { recursive: true })
      for (const file of ['@mozilla/readability/Readability.js', 'turndown/dist/turndown.js'])
        copyFileSync(at(`node_modules/${file}`), at(`out/page-scripts/${basename(file)}`))
    },
  }
}

/** What the DevTools protocol has, for programs that drive a session and ask. */
function protocolDescription(): Plugin {
  return {
    name: 'wheelhouse:protocol-description',
    apply: 'build',
    writeBundle() {
      mkdirSync(at('out/protocol'), { recursive: true })
      for (const file of ['browser_protocol.json', 'js_protocol.json'])
        copyFileSync(at(`node_modules/devtools-protocol/json/${file}`), at(`out/protocol/${file}`))
    },
  }
}

/**
 * `import … from 'node:http'` reads every export, and three of them (`WebSocket` and its events) load all of Node's `fetch`: 9 MB and some
 * 40 ms that the server would pay at its start for nothing. Taken as an object, the module loads them when they are asked for.
 */
function leanHttp(): Plugin {
  const taken = (names: string): string => `const ${names} = process.getBuiltinModule("node:http");`
  return {
    name: 'wheelhouse:lean-http',
    apply: 'build',
    renderChunk(code) {
      const lean = code
        .replace(/^import (?:\* as )?(\w+) from "(?:node:)?http";$/gm, (_, name: string) => taken(name))
        .replace(/^import (\{[^}]*\}) from "(?:node:)?http";$/gm, (_, names: string) => taken(names.replaceAll(' as ', ': ')))
      if (/^import .* from "(?:node:)?http";$/m.test(lean)) throw new Error('an import of node:http was left as it is')
      // No line moves, so the map holds.
      return lean === code ? null : { code: lean, map: null }
    },
  }
}

/**
 * Of the 2,500 media types that there are, those stay by which a file's ending or a type's character set is found: all that Koa asks for.
 */
function leanMediaTypes(): Plugin {
  type Kind = { extensions?: string[]; charset?: string }
  return {
    name: 'wheelhouse:lean-media-types',
    apply: 'build',
    load(id) {
      if (!id.endsWith('/mime-db/db.json')) return null
      const all = Object.entries(JSON.parse(readFileSync(id, 'utf8')) as Record<string, Kind>)
      const kept = all.filter(([, { extensions, charset }]) => extensions !== undefined || charset !== undefined)
      return JSON.stringify(Object.fromEntries(kept))
    },
  }
}

/**
 * V8 keeps the text of a program in memory, in two bytes per character as soon as one is beyond Latin-1: a single `…` doubles it. Escaped
 * it means the same, except inside a tagged template that asks for its raw text, so a file with one of those stays as it is.
 */
function oneByteText(): Plugin {
  return {
    name: 'wheelhouse:one-byte-text',
    apply: 'build',
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type !== 'chunk' || /\braw`[^`]*[^\x00-\x7f]/.test(file.code)) continue
        file.code = file.code.replace(/[^\x00-\x7f]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
      }
    },
  }
}
