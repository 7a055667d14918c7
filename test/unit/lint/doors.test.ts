/** The door rule: what each folder may import, and how the rule sees it in real sources. */
import { RuleTester } from 'eslint'
import ts from 'typescript-eslint'
import { describe, expect, it } from 'vitest'
import vueParser from 'vue-eslint-parser'
import { doors, refusal } from '../../../scripts/eslint/doors.mjs'

RuleTester.describe = describe
RuleTester.it = it

describe('which folder may import from which', () => {
  const open: [from: string, to: string][] = [
    ['server/brokers/index.ts', 'server/brokers/engine/embedded/embedded-engine.ts'],
    ['server/brokers/service.ts', 'server/brokers/engine/broker-engine.ts'],
    ['server/browsers/service.ts', 'server/http/contract.ts'],
    ['server/browsers/service.ts', 'server/store/open.ts'],
    ['server/browsers/service.ts', 'server/browsers/process/process-registry-store.ts'],
    ['server/browsers/service.ts', 'server/fault.ts'],
    ['server/browsers/service.ts', 'puppeteer-core'],
    ['server/bots/engine/baileys/engine.ts', 'baileys'],
    ['server/bots/engine/baileys/engine.ts', 'server/bots/engine/baileys/link.ts'],
    ['server/bots/index.ts', 'server/bots/engine/baileys/engine.ts'],
    ['test/fakes/whatsapp/double.ts', 'baileys'],
    ['server/control/overview.ts', 'server/browsers/service.ts'],
    ['server/index.ts', 'server/bots/service.ts'],
    ['renderer/pages/keys.vue', 'renderer/api/client.ts'],
    ['renderer/api/client.ts', 'server/logins/contract/index.ts'],
    ['client/logins/src/index.ts', 'client/logins/src/stream.ts'],
    ['client/logins/src/stream.ts', 'ws'],
    ['renderer/api/client.ts', 'server/bots/contract/index.ts'],
    ['renderer/api/client.ts', 'server/browsers/contract.ts'],
    ['renderer/api/client.ts', 'server/events/event.ts'],
    ['renderer/api/client.ts', 'server/http/rights.ts'],
    ['renderer/presentation/words.ts', 'server/control/event-types.ts'],
    ['renderer/presentation/words.ts', 'words/en.ts'],
    ['server/index.ts', 'words/en.ts'],
    ['main/tray-menu.ts', 'words/en.ts'],
    ['words/en.ts', 'words/format.ts'],
    ['renderer/pages/settings.vue', 'server/config/settings.ts'],
    ['renderer/components/live-view.vue', 'server/browsers/contract/live-view-messages.ts'],
    ['renderer/router.ts', 'renderer/pages/keys/keys-page.vue'],
    ['renderer/shell/app-shell.vue', 'renderer/pages/bots/bot-commands.ts'],
    ['renderer/pages/bots/chat/chat-view.vue', 'renderer/pages/bots/bot-socket.ts'],
    ['renderer/components/copy-button.vue', 'renderer/use/use-report.ts'],
    ['main/window.ts', 'electron'],
    ['main/index.ts', 'server/index.ts'],
    ['main/index.ts', 'preload/schema.ts'],
    ['preload/index.ts', 'electron'],
    ['test/fakes/electron.ts', 'electron'],
    ['test/e2e/start.test.ts', 'server/browsers/service.ts'],
    ['scripts/start.mjs', 'scripts/lib/run.mjs'],
  ]
  it.each(open)('%s may import %s', (from, to) => {
    expect(refusal(from, to, false)).toBeNull()
  })

  const closed: [from: string, to: string, why: string][] = [
    ['server/browsers/service.ts', 'server/bots/service.ts', 'never bots'],
    ['server/browsers/service.ts', 'server/bots/contract/index.ts', 'never bots'],
    ['server/browsers/service.ts', 'server/control/overview.ts', 'never control'],
    ['server/http/app.ts', 'server/browsers/contract/index.ts', 'does not know browsers'],
    ['server/config/file.ts', 'server/control/contract/index.ts', 'does not know control'],
    ['server/browsers/service.ts', 'server/keeper.ts', 'puts the house together'],
    ['server/http/app.ts', 'server/index.ts', 'puts the house together'],
    ['server/bots/service.ts', 'baileys', 'server/bots/engine/baileys/ alone'],
    ['server/bots/bot/bot.ts', 'server/bots/engine/baileys/engine.ts', 'by server/bots/engine/engine.ts'],
    ['server/brokers/service.ts', 'server/brokers/engine/embedded/embedded-engine.ts', 'by server/brokers/engine/broker-engine.ts'],
    ['server/brokers/engine/types.ts', 'server/brokers/engine/embedded/model.ts', 'by server/brokers/engine/broker-engine.ts'],
    ['server/browsers/service.ts', 'words/en.ts', 'made at the edge'],
    ['server/events/bus.ts', 'words/en.ts', 'made at the edge'],
    ['words/en.ts', 'server/bots/events.ts', 'as types alone'],
    ['words/en.ts', 'renderer/format.ts', 'as types alone'],
    ['server/index.ts', 'electron', 'main/ and preload/ alone'],
    ['server/index.ts', 'electron/main', 'main/ and preload/ alone'],
    ['server/index.ts', 'main/index.ts', 'does not know main/'],
    ['server/http/window-files.ts', 'renderer/main.ts', 'does not know renderer/'],
    ['server/index.ts', 'test/fakes/electron.ts', 'only tests'],
    ['renderer/api/client.ts', 'server/browsers/service.ts', 'contracts'],
    ['renderer/api/client.ts', 'server/config/file.ts', 'contracts'],
    ['renderer/api/client.ts', 'server/bots/contract/native/bots.ts', 'contracts'],
    ['renderer/components/copy-button.vue', 'renderer/pages/keys/stored-key.vue', 'components/ is what pages/ stands on'],
    ['renderer/stores/keys.ts', 'renderer/components/state-dot.vue', 'stores/ is what components/ stands on'],
    ['renderer/pages/bots/bots-page.vue', 'renderer/shell/palette.ts', 'pages/ is what shell/ stands on'],
    ['renderer/pages/bots/bots-page.vue', 'renderer/pages/keys/key-words.ts', 'do not know those of keys'],
    ['renderer/desktop/desktop.ts', 'main/index.ts', 'does not know main/'],
    ['renderer/desktop/desktop.ts', 'electron', 'main/ and preload/ alone'],
    ['renderer/desktop/desktop.ts', 'preload/schema.ts', 'as a type'],
    ['preload/index.ts', 'server/http/contract.ts', 'does not know server/'],
    ['main/window.ts', 'renderer/main.ts', 'does not know renderer/'],
    ['renderer/api/client.ts', 'server/logins/contract/native.ts', 'contracts'],
    ['client/logins/src/index.ts', 'server/fault.ts', 'stands on its own'],
    ['client/brokers/src/client.ts', 'renderer/api/client.ts', 'stands on its own'],
  ]
  it.each(closed)('%s may not import %s', (from, to, why) => {
    expect(refusal(from, to, false)).toContain(why)
  })

  it('lets no room look up at control, not even for a type', () => {
    expect(refusal('server/browsers/report.ts', 'server/control/contract/index.ts', true)).toContain('never control')
    expect(refusal('server/browsers/report.ts', 'server/room-report.ts', true)).toBeNull()
  })

  it('lets the window know the desktop bridge as a type only', () => {
    expect(refusal('renderer/desktop/desktop.ts', 'preload/schema.ts', true)).toBeNull()
    expect(refusal('renderer/desktop/desktop.ts', 'preload/index.ts', true)).toContain('as a type')
  })
})

const cwd = import.meta.dirname
const file = (path: string) => `${cwd}/${path}`
const message = (from: string, to: string, why: string) => ({ message: `${why}: ${from} may not import ${to}.` })
const neverBots = message(
  'server/browsers/service.ts',
  'server/bots/service.ts',
  'a room imports http, store, events, secrets, config, async, never bots',
)

// The rule reads paths below ESLint's working directory; the tests give it one, so that they need no files.
const here = {
  ...doors,
  create: (context: Parameters<typeof doors.create>[0]) => doors.create(Object.create(context, { cwd: { value: cwd } })),
}

new RuleTester({ languageOptions: { parser: ts.parser } }).run('doors in TypeScript', here, {
  valid: [
    { code: "import { Fault } from '../fault.ts'", filename: file('server/browsers/service.ts') },
    { code: "import type { Bridge } from '../../preload/schema.ts'", filename: file('renderer/desktop/desktop.ts') },
    { code: 'const name = await import(path)', filename: file('server/browsers/service.ts') },
  ],
  invalid: [
    { code: "import { bots } from '../bots/service.ts'", filename: file('server/browsers/service.ts'), errors: [neverBots] },
    { code: "import type { Bots } from '../bots/service.ts'", filename: file('server/browsers/service.ts'), errors: [neverBots] },
    { code: "export { bots } from '../bots/service.ts'", filename: file('server/browsers/service.ts'), errors: [neverBots] },
    { code: "export * from '../bots/service.ts'", filename: file('server/browsers/service.ts'), errors: [neverBots] },
    { code: "const bots = await import('../bots/service.ts')", filename: file('server/browsers/service.ts'), errors: [neverBots] },
    { code: "type Bots = import('../bots/service.ts').Bots", filename: file('server/browsers/service.ts'), errors: [neverBots] },
  ],
})

new RuleTester({ languageOptions: { parser: vueParser, parserOptions: { parser: ts.parser } } }).run('doors in Vue components', here, {
  valid: [
    {
      code: '<script setup lang="ts">import { contract } from \'../../server/bots/contract.ts\'</script>',
      filename: file('renderer/pages/bots.vue'),
    },
  ],
  invalid: [
    {
      code: '<script setup lang="ts">import { store } from \'../../server/bots/store.ts\'</script>',
      filename: file('renderer/pages/bots.vue'),
      errors: [
        message(
          'renderer/pages/bots.vue',
          'server/bots/store.ts',
          'the window imports contracts and the data they are made of, nothing else of server/',
        ),
      ],
    },
  ],
})
