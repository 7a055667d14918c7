/** What turns the window's sources into pages: for the build, for development and for its tests alike. */
import { fileURLToPath } from 'node:url'
import ui from '@nuxt/ui/vite'
import vue from '@vitejs/plugin-vue'
import type { PluginOption } from 'vite'
import { nuxtUiOptions } from './nuxt-ui-options.ts'

export function windowPlugins(): PluginOption {
  return [vue(), ui(nuxtUiOptions), filesOnly(), quotedPaths(fileURLToPath(new URL('..', import.meta.url)))]
}

/** Small fonts would become `data:` addresses, which the page's policy does not load. */
function filesOnly(): PluginOption {
  return { name: 'wheelhouse:files-only', config: () => ({ build: { assetsInlineLimit: 0 } }) }
}

/**
 * What imports components by itself writes their paths between apostrophes as they are, which a folder such as `Ann's work` ends too soon.
 */
export function quotedPaths(root: string): PluginOption {
  if (!root.includes("'")) return []
  return {
    name: 'wheelhouse:quoted-paths',
    // Behind those who write them.
    enforce: 'post',
    transform: (code) => (code.includes(`'${root}`) ? { code: quoted(code, root), map: null } : null),
  }
}

function quoted(code: string, root: string): string {
  const [first = '', ...others] = code.split(`'${root}`)
  return (
    first +
    others
      .map((rest) => {
        const end = rest.search(/['"\n]/)
        return rest[end] === "'" ? JSON.stringify(root + rest.slice(0, end)) + rest.slice(end + 1) : `'${root}${rest}`
      })
      .join('')
  )
}
