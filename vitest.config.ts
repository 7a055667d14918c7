/** Four kinds of tests: pure, with real sockets and browsers, the window's, and the whole house. */
import { fileURLToPath } from 'node:url'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import { windowPlugins } from './renderer/vite-plugins.ts'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

// The real package tries to download its binary as soon as it is imported under plain Node.
const alias = { electron: at('test/fakes/electron.ts') }

// Nothing takes this long: they end what hangs, and no test says anything about speed by them. A wait of its own ends sooner
// (`test/fixtures/patience.ts`).
const limits = { testTimeout: 180_000, hookTimeout: 180_000, expect: { poll: { timeout: 60_000 } } }

// The groups run one after the other, from the quickest to learn from to the slowest; 0 would not count as an order.
const unit: TestProjectInlineConfiguration = {
  resolve: { alias },
  test: {
    name: 'unit',
    include: ['test/unit/**/*.test.ts'],
    environment: 'node',
    ...limits,
    maxWorkers: 2,
    isolate: false,
    sequence: { groupOrder: 1 },
  },
}

const renderer: TestProjectInlineConfiguration = {
  plugins: [windowPlugins()],
  resolve: { alias },
  test: {
    name: 'renderer',
    include: ['test/renderer/**/*.test.ts'],
    environment: 'happy-dom',
    setupFiles: ['test/renderer/support/standing-clock.ts'],
    ...limits,
    maxWorkers: 2,
    isolate: false,
    sequence: { groupOrder: 2 },
  },
}

// Most of these wait for sockets, disks and browsers half of their time: four files at a time keep two cores at work.
const integration: TestProjectInlineConfiguration = {
  resolve: { alias },
  test: {
    name: 'integration',
    include: ['test/integration/**/*.test.ts'],
    environment: 'node',
    ...limits,
    pool: 'forks',
    maxWorkers: 4,
    sequence: { groupOrder: 3 },
  },
}

const e2e: TestProjectInlineConfiguration = {
  resolve: { alias },
  test: {
    name: 'e2e',
    include: ['test/e2e/**/*.test.ts'],
    environment: 'node',
    ...limits,
    pool: 'forks',
    maxWorkers: 3,
    sequence: { groupOrder: 4 },
  },
}

export default defineConfig({
  test: {
    projects: [unit, renderer, integration, e2e],
    reporters: ['default', at('scripts/vitest-total.mjs')],
    passWithNoTests: true,
    teardownTimeout: 20_000,
  },
})
