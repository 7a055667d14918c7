import { afterEach, describe, expect, it } from 'vitest'
import KeysPage from '../../../renderer/pages/keys/keys-page.vue'
import { mountPage, settle, standardServer, type MountedPage } from '../support/mount.ts'
import { refusal, reply } from '../support/fake-transport.ts'
import { key } from '../support/samples.ts'

describe('the API keys page', () => {
  let mounted: MountedPage | null = null
  afterEach(() => mounted?.unmount())

  async function type(label: string, value: string): Promise<void> {
    const field = [...document.querySelectorAll('label')].find((candidate) => candidate.textContent?.trim() === label)
    const input = field === undefined ? null : document.getElementById(field.htmlFor)
    if (!(input instanceof HTMLInputElement)) throw new Error(`no field ${label}`)
    input.value = value
    input.dispatchEvent(new Event('input', { bubbles: true }))
    await settle()
  }

  async function tick(label: string): Promise<void> {
    const box = document.querySelector<HTMLButtonElement>(`[role=dialog] [role=checkbox][aria-label="${label}"]`)
    if (box === null) throw new Error(`no box ${label}`)
    box.click()
    await settle()
  }

  it('lists each key with its rights, and never a secret', async () => {
    mounted = await mountPage(KeysPage)
    expect(mounted.text()).toContain('warehouse-sync')
    expect(mounted.text()).toContain('whk_7Kd2••••••')
    expect(mounted.text()).toContain('Use')
    expect(mounted.text()).not.toContain('older form')
  })

  it('explains what keys are for when there are none, and offers the first', async () => {
    mounted = await mountPage(KeysPage, { server: standardServer().on('GET /control/v1/keys', () => ({ keys: [] })) })
    expect(mounted.text()).toContain('No keys yet')
    await mounted.click('Create the first key')
    expect(mounted.text()).toContain('A new key may do nothing')
  })

  it('says of a key of the older form that it is one, and what it may', async () => {
    const old = key({ rights: null, scopes: [{ room: 'browsers', verb: 'read' }] })
    mounted = await mountPage(KeysPage, { server: standardServer().on('GET /control/v1/keys', () => ({ keys: [old] })) })
    expect(mounted.text()).toContain('Read only')
    expect(mounted.text()).toContain('older form')
  })

  it('begins with nothing ticked, and makes no key that may do nothing', async () => {
    const server = standardServer()
    mounted = await mountPage(KeysPage, { server, path: '/keys?create' })
    await type('Name', 'gate-tablet')
    const boxes = [...document.querySelectorAll('[role=dialog] [role=checkbox]')]
    expect(boxes).toHaveLength(13)
    expect(boxes.filter((box) => box.getAttribute('aria-checked') === 'true')).toEqual([])
    expect(mounted.text()).toContain('Tick at least one right')
    expect(document.querySelector<HTMLButtonElement>('[role=dialog] button[type=submit]')?.disabled).toBe(true)
  })

  it('says in words what control with manage is, ticks all it includes, and lets it end within a week', async () => {
    const server = standardServer().on('POST /control/v1/keys', () => reply(201, { ...key({ name: 'deploy' }), secret: 'whk_the-secret' }))
    mounted = await mountPage(KeysPage, { server, path: '/keys?create' })
    expect(mounted.text()).toContain('can run any program on this machine as you')
    await type('Name', 'deploy')
    await tick('Control: manage')
    expect([...document.querySelectorAll('[role=dialog] [role=checkbox]')].filter((box) => box.getAttribute('aria-checked') !== 'true')).toEqual([])
    document.querySelector('form')?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }))
    await settle()
    const [sent] = server.sent('POST /control/v1/keys') as { rights: string[]; expiresAt: string }[] // as this page sends it
    expect(sent?.rights).toEqual(['control:manage'])
    expect(Date.parse(sent?.expiresAt ?? '')).toBeLessThanOrEqual(Date.now() + 7 * 86_400_000)
  })

  it('makes a key for the rights ticked, and shows its secret once with a request', async () => {
    const server = standardServer().on('POST /control/v1/keys', () => reply(201, { ...key({ name: 'gate-tablet' }), secret: 'whk_the-secret' }))
    mounted = await mountPage(KeysPage, { server, path: '/keys?create' })
    await type('Name', 'gate-tablet')
    await tick('Browsers: use')
    await tick('Relay: manage')
    expect(mounted.text()).toContain('open browser sessions and work in them')
    expect(mounted.text()).toContain('see or change what others have made in Browsers')
    document.querySelector('form')?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }))
    await settle()

    expect(server.sent('POST /control/v1/keys')).toMatchObject([{ name: 'gate-tablet', rights: ['browsers:use', 'relay:manage'] }])
    expect(mounted.text()).toContain('Key gate-tablet is ready')
    expect(mounted.text()).toContain('X-API-Key: whk_the-secret')
    expect(mounted.button('Done').disabled).toBe(true)

    document.querySelector<HTMLButtonElement>('[role=checkbox]')?.click()
    await settle()
    await mounted.click('Done')
    expect(mounted.text()).not.toContain('whk_the-secret')
  })

  it('keeps the form and says why when the name is taken', async () => {
    const server = standardServer().on('POST /control/v1/keys', () => refusal(409, 'key-name-taken', 'A key of this name exists'))
    mounted = await mountPage(KeysPage, { server, path: '/keys?create' })
    await type('Name', 'warehouse-sync')
    await tick('Browsers: use')
    document.querySelector('form')?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }))
    await settle()
    expect(mounted.text()).toContain('A key of this name exists')
    expect(mounted.text()).toContain('A new key may do nothing')
  })

  it('revokes only after the danger was named and confirmed by name', async () => {
    const server = standardServer().on('DELETE /control/v1/keys/key_abcdef', () => reply(204))
    mounted = await mountPage(KeysPage, { server })
    await mounted.click('Revoke warehouse-sync')
    expect(server.sent('DELETE /control/v1/keys/key_abcdef')).toEqual([])
    expect(mounted.text()).toContain('refused from its next request on')
    const confirm = [...document.querySelectorAll('button')].filter((button) => button.textContent?.trim() === 'Revoke warehouse-sync').at(-1)
    server.on('GET /control/v1/keys', () => ({ keys: [] }))
    confirm?.click()
    await settle()
    expect(server.sent('DELETE /control/v1/keys/key_abcdef')).toHaveLength(1)
    expect(mounted.text()).not.toContain('whk_7Kd2')
  })

  it('follows keys that others make', async () => {
    const server = standardServer()
    mounted = await mountPage(KeysPage, { server })
    server.on('GET /control/v1/keys', () => ({ keys: [key(), key({ id: 'key_second', name: 'grafana' })] }))
    server.socket.say({ type: 'changed', resource: 'keys' })
    await settle()
    expect(mounted.text()).toContain('grafana')
  })
})
