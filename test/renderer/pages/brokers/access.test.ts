import { defineComponent, h } from 'vue'
import { afterEach, describe, expect, it } from 'vitest'
import { namedClientPresentation, revokeText, rulesText } from '../../../../renderer/pages/brokers/access/access-presentation.ts'
import AccessTab from '../../../../renderer/pages/brokers/access/access-tab.vue'
import { moved, rowOf, rulesOf } from '../../../../renderer/pages/brokers/access/rule-rows.ts'
import type { NamedClientView } from '../../../../server/brokers/contract/index.ts'
import { refusal } from '../../support/fake-transport.ts'
import { mountPage, settle, standardServer, type MountedPage } from '../../support/mount.ts'

const at = new Date(Date.now() - 41_000).toISOString()
const client = (changes: Partial<NamedClientView> = {}): NamedClientView => ({
  ...{ name: 'door', credential: 'key', createdAt: at, lastSeenAt: at, connections: 2 },
  rules: [
    { action: 'publish', permission: 'deny', topic: 'doors/main' },
    { action: 'both', permission: 'allow', topic: 'doors/#' },
  ],
  ...changes,
})

const base = '/brokers/v1/sessions/orders'
let page: MountedPage | undefined
afterEach(() => page?.unmount())

async function open(clients: NamedClientView[], server = standardServer()): Promise<MountedPage> {
  server.on(`GET ${base}/named-clients`, () => ({ clients }))
  page = await mountPage(defineComponent({ render: () => h(AccessTab, { name: 'orders' }) }), { server })
  await settle()
  return page
}
const field = (label: string): HTMLInputElement => {
  const found = document.querySelector<HTMLInputElement>(`input[aria-label="${label}"]`)
  if (found === null) throw new Error(`no field "${label}"`)
  return found
}
async function type(input: HTMLInputElement, text: string): Promise<void> {
  input.value = text
  input.dispatchEvent(new Event('input', { bubbles: true }))
  await settle()
}
async function choose(menu: string, item: string): Promise<void> {
  const button = page?.button(menu)
  button?.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true, button: 0 }))
  button?.click()
  await settle()
  const found = [...document.querySelectorAll<HTMLElement>('[role=menuitem]')].find((each) => each.textContent?.trim() === item)
  if (found === undefined) throw new Error(`no "${item}" in the menu`)
  found.click()
  await settle()
}
const topics = (): string[] => [...document.querySelectorAll<HTMLInputElement>('input[data-topic]')].map((input) => input.value)

describe('the named clients of a session', () => {
  it('are shown with their state, their credential, their rules and how they log in', async () => {
    const { text } = await open([client(), client({ name: 'lamp', connections: 0, credential: 'password', lastSeenAt: null, rules: [] })])
    const parts = ['door', 'Connected (2)', 'Key, logs in as', 'orders:door', 'no publish doors/main, publish/read doors/#']
    for (const part of [...parts, 'Never seen', 'Password, logs in as', 'may do nothing']) expect(text()).toContain(part)
  })

  it('are explained where there are none', async () => {
    expect((await open([])).text()).toContain('with a key or password of its own')
  })

  it('are added with a key, which is shown once with the names to log in under', async () => {
    const server = standardServer().on(`POST ${base}/named-clients`, () => ({ client: client({ connections: 0 }), key: 'bk_secret' }))
    const { click, text } = await open([], server)
    await click('Add named client')
    await type(document.querySelector<HTMLInputElement>('input[placeholder="door"]') ?? field('Name'), 'door')
    await click('Add client')
    expect(server.requests.find(({ method }) => method === 'POST')?.body).toEqual({
      name: 'door',
      rules: [{ action: 'both', permission: 'allow', topic: '#' }],
    })
    for (const part of ['bk_secret', 'orders:door', 'userId', 'sessionName']) expect(text()).toContain(part)
  })

  it('keep what was typed when the server refuses it, and say why', async () => {
    const server = standardServer().on(`POST ${base}/named-clients`, () =>
      refusal(400, 'named-client-exists', 'A client of this name exists already'),
    )
    const { click, text } = await open([client()], server)
    await click('Add named client')
    await type(document.querySelector<HTMLInputElement>('input[placeholder="door"]') ?? field('Name'), 'door')
    await click('Add client')
    expect(text()).toContain('A client of this name exists already')
    expect(topics()).toEqual(['#'])
  })

  it('are revoked after it is said what goes with them', async () => {
    const server = standardServer().on(`DELETE ${base}/named-clients/door`, () => null)
    const { click, text } = await open([client()], server)
    await choose('More of door', 'Revoke')
    expect(text()).toContain('Its 2 connections end. Its key opens nothing any more, and its queues are deleted')
    expect(server.requests.some(({ method }) => method === 'DELETE')).toBe(false)
    await click('Revoke door')
    expect(server.requests.some(({ method }) => method === 'DELETE')).toBe(true)
  })
})

describe('the rules of a named client', () => {
  it('are moved, removed and saved in their order', async () => {
    const server = standardServer().on(`PATCH ${base}/named-clients/door`, () => client())
    const { click } = await open([client()], server)
    await choose('More of door', 'Edit rules')
    await click('Move rule 2 up')
    expect(topics()).toEqual(['doors/#', 'doors/main'])
    expect(document.activeElement?.getAttribute('aria-label')).toBe('Move rule 1 down')
    await click('Remove rule 2')
    await click('Save rules')
    expect(server.requests.find(({ method }) => method === 'PATCH')?.body).toEqual({
      rules: [{ action: 'both', permission: 'allow', topic: 'doors/#' }],
    })
  })

  it('are tried as they are edited, and the one that decided is marked until they change', async () => {
    const server = standardServer().on(`POST ${base}/access/check`, () => ({ allowed: false, rule: 0 }))
    const { click, text } = await open([client()], server)
    await choose('More of door', 'Edit rules')
    await type(field('Topic of rule 1'), 'doors/front')
    await type(field('Topic to try'), 'doors/front')
    await click('Try')
    expect(server.requests.find(({ method }) => method === 'POST')?.body).toMatchObject({
      ...{ client: 'door', action: 'publish', topic: 'doors/front' },
      rules: [{ topic: 'doors/front' }, { topic: 'doors/#' }],
    })
    expect(text()).toContain('Refused by rule 1')
    expect(document.querySelector('li[aria-label="Rule 1, which decided"]')).not.toBeNull()
    await type(field('Topic of rule 1'), 'doors/back')
    expect(text()).not.toContain('Refused by rule 1')
  })

  it('say that where none applies it is refused', async () => {
    const server = standardServer().on(`POST ${base}/access/check`, () => ({ allowed: false, rule: null }))
    const { click, text } = await open([client()], server)
    await choose('More of door', 'Edit rules')
    await type(field('Topic to try'), 'lamps')
    await click('Try')
    expect(text()).toContain('Refused: no rule applies')
  })

  it('read in short words, and stay where they are at the ends', () => {
    const rules = ['a', 'b', 'c', 'd', 'e'].map((topic) => ({ action: 'subscribe' as const, permission: 'allow' as const, topic }))
    expect(rulesText(rules)).toBe('read a, read b, read c and 2 more')
    const rows = rules.map(rowOf)
    expect(rulesOf(moved(rows, 0, -1))).toEqual(rules)
    expect(moved(rows, 0, 1).map(({ topic }) => topic)).toEqual(['b', 'a', 'c', 'd', 'e'])
    expect(namedClientPresentation(client({ connections: 0 }))).toMatchObject({ label: 'Away', shape: 'hollow' })
    expect(revokeText(client({ connections: 1 }))).toContain('Its connection ends.')
  })
})
