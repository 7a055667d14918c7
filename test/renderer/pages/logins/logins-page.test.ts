import { afterEach, describe, expect, it } from 'vitest'
import { csvOfLogins } from '../../../../renderer/pages/logins/login-export.ts'
import LoginsPage from '../../../../renderer/pages/logins/logins-page.vue'
import type { LoginStatus, LoginView } from '../../../../server/logins/contract/index.ts'
import { reply, type FakeTransport } from '../../support/fake-transport.ts'
import { mountPage, settle, standardServer, type MountedPage } from '../../support/mount.ts'

const now = Date.now()
const at = (ms: number) => new Date(now + ms).toISOString()

const login = (changes: Partial<LoginView> = {}): LoginView => ({
  id: 'abc123e09f47d2185c6b3a90e1f7d426',
  userId: 'usr_7d20c1f4',
  username: 'john_doe',
  role: 'admin',
  permissions: ['read', 'write'],
  rememberMe: false,
  state: 'active',
  reason: null,
  createdAt: at(-60_000),
  lastActivity: at(-9_000),
  expiresAt: at(1_740_000),
  absoluteEndsAt: at(43_000_000),
  endedAt: null,
  renewals: 0,
  address: '127.0.0.1',
  device: 'node',
  reportedAddress: '10.0.4.22',
  reportedDevice: 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0',
  nextEvicted: false,
  ...changes,
})
const status = (changes: Partial<LoginStatus> = {}): LoginStatus => ({
  storage: 'database',
  up: true,
  error: null,
  signing: 'ready',
  lockedKeys: 0,
  counts: { total: 3, live: 2, expired: 0, ended: 1, users: 2 },
  gateways: 1,
  nextCleanupAt: at(600_000),
  policy: {
    life: 1_800_000,
    rememberMeLife: 604_800_000,
    threshold: 300_000,
    idleTimeout: null,
    rememberMeThreshold: 100_800_000,
    absoluteLife: 43_200_000,
    rememberMeAbsoluteLife: 2_592_000_000,
    maxRenewals: null,
    maxConcurrent: 5,
    whenFull: 'evict-oldest',
    cleanupInterval: 600_000,
    keepEndedFor: 604_800_000,
  },
  ...changes,
})

function server(
  sessions: LoginView[] = [login(), login({ id: 'ffff', username: 'clerk_1', state: 'ended', reason: 'revoked', endedAt: at(-1_000) })],
  total = sessions.length,
): FakeTransport {
  return standardServer()
    .on('GET /logins/v1/sessions', () => ({ sessions, total }))
    .on('GET /logins/v1/status', () => status())
    .on('GET /logins/v1/keys', () => ({
      keys: [
        { id: 'key_new', algorithm: 'EdDSA', createdAt: at(-1_000), verifyUntil: null, signs: true },
        { id: 'key_old', algorithm: 'HS256', createdAt: at(-9_000), verifyUntil: at(90_000_000), signs: false },
      ],
    }))
    .on('GET /logins/v1/users', () => ({ users: [] }))
    .on('GET /logins/v1/sessions/abc123e09f47d2185c6b3a90e1f7d426', () => ({
      session: login(),
      others: [login({ id: 'other', nextEvicted: true })],
      limit: { maxConcurrent: 5, whenFull: 'evict-oldest' },
    }))
}

function confirm(label: string): void {
  ;[...document.querySelectorAll<HTMLButtonElement>('[role=dialog] button')].find((button) => button.textContent?.trim() === label)?.click()
}

describe('the export', () => {
  it('is CSV that a spreadsheet reads as text, quotes and formulas included', () => {
    const [head, row] = csvOfLogins([login({ username: '=1+1', reportedDevice: 'A "phone", red' })]).split('\r\n')
    expect(head).toMatch(/^id,userId,username,/)
    expect(row).toContain(`,'=1+1,admin,read write,active,,`)
    expect(row).toContain('"A ""phone"", red"')
  })
})

describe('the logins page', () => {
  let mounted: MountedPage | null = null
  afterEach(() => mounted?.unmount())

  it('shows each session with its state, why it is over, and the client the gateway reported', async () => {
    mounted = await mountPage(LoginsPage, { server: server() })
    expect(mounted.text()).toContain('john_doe')
    expect(mounted.text()).toContain('Firefox on Linux')
    expect(mounted.text()).toContain('10.0.4.22')
    expect(mounted.text()).toContain('Revoked')
    expect(mounted.text()).toContain('Stored in the database')
  })

  it('says in Redis’ words why it cannot be used', async () => {
    mounted = await mountPage(LoginsPage, {
      server: server().on('GET /logins/v1/status', () =>
        status({ storage: 'redis', up: false, error: "READONLY You can't write against a read only replica." }),
      ),
    })
    expect(mounted.text()).toContain('Redis cannot be used')
    expect(mounted.text()).toContain("READONLY You can't write")
  })

  it('says that the signing keys are locked, and leads to the sealing key', async () => {
    mounted = await mountPage(LoginsPage, {
      server: server().on('GET /logins/v1/status', () => status({ signing: 'locked', lockedKeys: 2 })),
    })
    expect(mounted.text()).toContain('The signing keys are locked')
    expect(mounted.text()).toContain('To the sealing key')
    expect(mounted.text()).not.toContain('Give up')
  })

  it('gives up keys that another password of Redis sealed, after asking', async () => {
    const transport = server()
      .on('GET /logins/v1/status', () => status({ storage: 'redis', signing: 'locked', lockedKeys: 1 }))
      .on('POST /logins/v1/keys/give-up', () => ({ keys: 1 }))
    mounted = await mountPage(LoginsPage, { server: transport })
    ;[...document.querySelectorAll<HTMLButtonElement>('button')]
      .find((button) => button.textContent?.trim() === 'Give up locked keys')
      ?.click()
    await settle()
    confirm('Give up locked keys')
    await settle()
    expect(transport.sent('POST /logins/v1/keys/give-up')).toHaveLength(1)
  })

  it('reads the next page from the server', async () => {
    const transport = server(
      Array.from({ length: 100 }, (_, index) => login({ id: `id-${index}` })),
      104_382,
    )
    mounted = await mountPage(LoginsPage, { server: transport })
    expect(mounted.text()).toContain('Rows 1 to 100 of 104,382')
    document.querySelector<HTMLButtonElement>('button[aria-label="Next page"]')?.click()
    await settle()
    expect(mounted.text()).toContain('Rows 101 to 200 of 104,382')
  })

  it('explains the first step when there is none', async () => {
    mounted = await mountPage(LoginsPage, { server: server([]) })
    expect(mounted.text()).toContain('One place that knows who is logged in')
    expect(mounted.text()).toContain('/api/v1/sessions/validate')
  })

  it('shows a session with who would be evicted next, and revokes it only after a named question', async () => {
    const transport = server().on('DELETE /logins/v1/sessions/abc123e09f47d2185c6b3a90e1f7d426', () => reply(204))
    mounted = await mountPage(LoginsPage, { server: transport, path: '/logins?login=abc123e09f47d2185c6b3a90e1f7d426' })
    expect(mounted.text()).toContain('next to go')
    await mounted.click('Revoke session of john_doe')
    expect(transport.sent('DELETE /logins/v1/sessions/abc123e09f47d2185c6b3a90e1f7d426')).toHaveLength(0)
    const confirm = [...document.querySelectorAll<HTMLButtonElement>('[role=dialog] button')].find(
      (button) => button.textContent?.trim() === 'Revoke session of john_doe',
    )
    confirm?.click()
    await settle()
    expect(transport.sent('DELETE /logins/v1/sessions/abc123e09f47d2185c6b3a90e1f7d426')).toHaveLength(1)
  })

  it('revokes the chosen ones after a question, and all that match after a count', async () => {
    const transport = server([login(), login({ id: 'second', username: 'clerk_2' })], 104_382).on('POST /logins/v1/revoke', ({ body }) => ({
      matched: 2,
      revoked: (body as { preview?: boolean }).preview === true ? 0 : 2,
    }))
    mounted = await mountPage(LoginsPage, { server: transport })
    document.querySelector<HTMLButtonElement>('[aria-label="Choose all of this page"]')?.click()
    await settle()
    expect(mounted.text()).toContain('2 selected')
    await mounted.click('Revoke 2 sessions')
    expect(transport.sent('POST /logins/v1/revoke')).toHaveLength(0)
    confirm('Revoke 2 sessions')
    await settle()
    expect(transport.sent('POST /logins/v1/revoke')).toEqual([{ ids: ['abc123e09f47d2185c6b3a90e1f7d426', 'second'] }])
    document.querySelector<HTMLButtonElement>('[aria-label="Choose all of this page"]')?.click()
    await settle()
    await mounted.click('Select all 104,382')
    await mounted.click('Revoke all that match')
    expect(transport.sent('POST /logins/v1/revoke').at(-1)).toEqual({ filter: {}, preview: true })
    confirm('Revoke 2 sessions')
    await settle()
    expect(transport.sent('POST /logins/v1/revoke').at(-1)).toEqual({ filter: {} })
  })

  it('lists the keys: the one that signs cannot be removed', async () => {
    mounted = await mountPage(LoginsPage, { server: server(), path: '/logins?tab=keys' })
    expect(mounted.text()).toContain('Signs')
    expect(document.querySelector('button[aria-label="Remove key_old"]')).not.toBeNull()
    expect(document.querySelector('button[aria-label="Remove key_new"]')).toBeNull()
  })
})
