/** What turns the window's sources into pages: for the build, for development and for its tests alike. */
import ui from '@nuxt/ui/vite'
import vue from '@vitejs/plugin-vue'
import type { PluginOption } from 'vite'
import { nuxtUiOptions } from './nuxt-ui-options.ts'

export function windowPlugins(): PluginOption {
  return [vue(), ui(nuxtUiOptions), filesOnly()]
}

/** Small fonts would become `data:` addresses, which the page's policy does not load. */
function filesOnly(): PluginOption {
  return { name: 'wheelhouse:files-only', config: () => ({ build: { assetsInlineLimit: 0 } }) }
}
