/** How Nuxt UI is built into the window: read by the build, by the tests and by nothing else. */
import { fileURLToPath } from 'node:url'
import type { NuxtUIOptions } from '@nuxt/ui/unplugin'

const here = fileURLToPath(new URL('.', import.meta.url))

export const nuxtUiOptions = {
  root: here,
  // Fonts and icons are bundled; nothing is fetched at run time. The rooms name their own.
  icon: { clientBundle: { scan: { globInclude: ['**/*.{vue,ts}', '../server/rooms.ts'], globExclude: ['node_modules'] }, sizeLimitKb: 0 } },
  // Composables are imported by name, so that a reader sees where they come from.
  autoImport: false,
  // The build writes the declarations that editors and vue-tsc read; a test run leaves the tree alone.
  components: { dts: process.env['VITEST'] === undefined ? `${here}components.d.ts` : false, dirs: [] },
  theme: { defaultVariants: { size: 'sm' }, transitions: true },
  ui: {
    // `ink` is declared in styles/main.css; the type knows only Tailwind's own neutrals.
    colors: {
      primary: 'harbor',
      neutral: 'ink' as 'neutral',
      secondary: 'harbor',
      success: 'green',
      warning: 'amber',
      error: 'red',
      info: 'harbor',
    },
    dashboardGroup: { base: 'fixed inset-x-0 top-0 bottom-7 flex overflow-hidden' },
    dashboardSidebar: {
      slots: {
        root: 'relative hidden lg:flex flex-col min-h-0 h-full w-52 shrink-0 bg-(--rail)',
        header: 'h-12 px-4 gap-2.5',
        body: 'px-2.5 pt-0 pb-2 gap-3',
        footer: 'h-11 px-4 py-0',
      },
    },
    dashboardPanel: { slots: { root: 'min-h-0 h-full', body: 'gap-3 sm:gap-3 p-5 sm:p-5' } },
    dashboardNavbar: { slots: { root: 'h-12 px-5 sm:px-5 gap-3', title: 'text-base font-semibold', left: 'gap-3', right: 'gap-2' } },
    dashboardToolbar: { slots: { root: 'min-h-11 h-11 px-5 sm:px-5 gap-2', left: 'gap-2', right: 'gap-2' } },
    button: {
      slots: { base: 'cursor-pointer' },
      compoundVariants: [
        {
          color: 'primary',
          variant: 'solid',
          class: 'text-white bg-(--fill) hover:bg-(--fill-hover) active:bg-(--fill-hover) disabled:bg-(--fill) aria-disabled:bg-(--fill)',
        },
        {
          color: 'error',
          variant: 'solid',
          class: 'text-white bg-(--fill-bad) hover:bg-(--fill-bad-hover) active:bg-(--fill-bad-hover) disabled:bg-(--fill-bad)',
        },
        { color: 'error', variant: 'soft', class: 'text-(--bad-t) bg-(--bad-bg) hover:bg-(--bad-line)' },
        { color: 'error', variant: 'ghost', class: 'text-(--bad-t)' },
      ],
    },
    card: { slots: { root: 'rounded-lg' } },
    modal: {
      slots: {
        content: 'divide-y-0',
        header: 'px-6 sm:px-6 pt-5 pb-0 min-h-0',
        title: 'text-lg font-semibold',
        description: 'text-sm text-muted mt-1',
        body: 'px-6 sm:px-6 py-4 sm:py-4',
        footer: 'px-6 sm:px-6 py-3 border-t border-default bg-muted rounded-b-xl',
      },
      variants: {
        overlay: { true: { overlay: 'bg-black/30 dark:bg-black/60' } },
        fullscreen: { false: { content: 'rounded-xl shadow-2xl' } },
      },
    },
    slideover: { slots: { overlay: 'bg-black/30 dark:bg-black/60', title: 'text-base', description: 'text-xs' } },
    commandPalette: {
      variants: {
        virtualize: { false: { viewport: 'divide-y-0' } },
        active: { false: { item: 'data-highlighted:not-data-disabled:before:bg-(--selected)' } },
      },
    },
    table: {
      slots: {
        root: 'relative overflow-auto',
        base: 'min-w-full',
        thead: 'bg-default [&>tr]:after:h-px',
        th: 'h-8 py-0 px-4 text-2xs font-medium text-muted text-left first:ps-5 last:pe-5',
        td: 'h-10 py-0 px-4 text-xs text-default first:ps-5 last:pe-5 whitespace-nowrap',
        tbody: 'divide-y divide-default',
      },
    },
    tabs: {
      slots: { list: 'p-0.5 rounded-md', trigger: 'font-medium', indicator: 'rounded-[5px]' },
      compoundVariants: [
        {
          color: 'neutral',
          variant: 'pill',
          class: {
            list: 'bg-elevated',
            indicator: 'bg-default dark:bg-accented ring ring-default shadow-none',
            trigger: 'data-[state=active]:text-highlighted',
          },
        },
      ],
      defaultVariants: { color: 'neutral', size: 'xs' },
    },
    badge: {
      slots: { base: 'font-normal' },
      variants: { size: { sm: { base: 'text-2xs px-1.5 py-0.5' } } },
      compoundVariants: [{ color: 'error', variant: 'solid', class: 'text-white bg-(--fill-bad)' }],
      defaultVariants: { size: 'sm', variant: 'soft', color: 'neutral' },
    },
    formField: {
      slots: {
        label: 'text-xs font-medium text-default',
        help: 'text-2xs text-muted mt-1',
        hint: 'text-2xs text-muted',
        error: 'text-2xs mt-1',
        description: 'text-2xs text-muted',
      },
    },
    tooltip: { slots: { content: 'text-2xs' } },
    kbd: { base: 'text-2xs font-normal normal-case' },
    toast: { slots: { root: 'rounded-lg', title: 'text-sm font-medium', description: 'text-xs' } },
    switch: { slots: { thumb: 'bg-white dark:bg-(--ui-text-highlighted)' } },
  },
} satisfies NuxtUIOptions
