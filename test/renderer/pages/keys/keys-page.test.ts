import { afterEach, describe, expect, it } from 'vitest'
import KeysPage from '../../../../renderer/pages/keys/keys-page.vue'
import { refusal, reply } from '../../support/fake-transport.ts'
import { mountPage, settle, standardServer, type MountedPage } from '../../support/mount.ts'
import { key } from '../../support/samples.ts'

describe('the API keys page', () => {
  let mounted: MountedPage | null = null
  afterEach(() => mounted?.unmount())

  function box(label: string): HTMLButtonElement {
    const found = document.querySelector<HTMLButtonElement>(`[role=dialog] [role=checkbox][aria-label="${label}"]`)
    if (found === null) throw new Error(`no box ${label}`)
    return found
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
    expect(mounted.router.currentRoute.value.path).toBe('/keys/new')
  })

  it('says of a key of the older form that it is one, and what it may', async () => {
    const old = key({ rights: null, scopes: [{ room: 'browsers', verb: 'read' }] })
    mounted = await mountPage(KeysPage, { server: standardServer().on('GET /control/v1/keys', () => ({ keys: [old] })) })
    expect(mounted.text()).toContain('Read only')
    expect(mounted.text()).toContain('older form')
  })

  it('leads to the page of a new key, also from where its form was before', async () => {
    mounted = await mountPage(KeysPage)
    await mounted.click('New key')
    expect(mounted.router.currentRoute.value.path).toBe('/keys/new')
    mounted.unmount()
    mounted = await mountPage(KeysPage, { path: '/keys?create' })
    expect(mounted.router.currentRoute.value.fullPath).toBe('/keys/new')
  })

  it('takes rights away only after it was said what is lost, and adds none', async () => {
    const wide = key({ rights: ['bots:manage', 'browsers:use'] })
    const server = standardServer()
      .on('GET /control/v1/keys', () => ({ keys: [wide] }))
      .on('PATCH /control/v1/keys/key_abcdef', () => ({ ...wide, rights: ['bots:use'] }))
    mounted = await mountPage(KeysPage, { server })
    await mounted.click('Take rights away from warehouse-sync')
    expect([...document.querySelectorAll('[role=dialog] [role=checkbox]')].map((box) => box.getAttribute('aria-label'))).toEqual([
      'Browsers: use',
      'Browsers: manage',
      'Bots: use',
      'Bots: manage',
    ])
    expect(box('Browsers: manage').disabled).toBe(true)
    expect(mounted.button('Take from warehouse-sync').disabled).toBe(true)
    box('Bots: manage').click()
    await settle()
    box('Bots: use').click()
    await settle()
    box('Browsers: use').click()
    await settle()
    expect(mounted.text()).toContain('Whatever uses it loses Browsers: use, Bots: manage with its next call')
    await mounted.click('Take 2 from warehouse-sync')
    expect(server.sent('PATCH /control/v1/keys/key_abcdef')).toEqual([{ rights: ['bots:use'], only: {} }])
    expect(document.querySelector('[role=dialog]')).toBeNull()
    expect(mounted.text()).toContain('warehouse-sync may do less now')
  })

  it('takes some of the things a limited key names, and never the limit', async () => {
    const limited = key({ rights: ['bots:manage'], only: { bots: ['bot_1', 'bot_2'] } })
    const server = standardServer()
      .on('GET /control/v1/keys', () => ({ keys: [limited] }))
      .on('PATCH /control/v1/keys/key_abcdef', () => ({ ...limited, only: { bots: ['bot_2'] } }))
    mounted = await mountPage(KeysPage, { server })
    await mounted.click('Take rights away from warehouse-sync')
    await mounted.click('Bots: only for')
    const untick = async (name: string) => {
      ;[...document.querySelectorAll<HTMLElement>('[role=option]')].find(({ textContent }) => textContent?.trim() === name)?.click()
      await settle()
    }
    await untick('bot_1')
    await untick('bot_2')
    expect(mounted.text()).toContain('Choose what stays open to it')
    await untick('bot_2')
    expect(mounted.text()).toContain('loses bot_1 with its next call')
    await mounted.click('Take 1 from warehouse-sync')
    expect(server.sent('PATCH /control/v1/keys/key_abcdef')).toEqual([{ rights: ['bots:manage'], only: { bots: ['bot_2'] } }])
  })

  it('says of a key of the older form what it loses with its scopes, and keeps the dialog when the server refuses', async () => {
    const old = key({
      rights: null,
      scopes: [
        { room: 'browsers', verb: 'read' },
        { room: 'browsers', verb: 'write' },
        { room: 'relay', verb: 'read' },
      ],
    })
    const server = standardServer()
      .on('GET /control/v1/keys', () => ({ keys: [old] }))
      .on('PATCH /control/v1/keys/key_abcdef', () => refusal(409, 'key-not-less', 'More rights need a new key'))
    mounted = await mountPage(KeysPage, { server })
    await mounted.click('Take rights away from warehouse-sync')
    box('Browsers: manage').click()
    await settle()
    expect(mounted.text()).toContain('loses relay read, Browsers: manage with its next call')
    await mounted.click('Take 2 from warehouse-sync')
    expect(mounted.text()).toContain('More rights need a new key')
    expect(document.querySelector('[role=dialog]')).not.toBeNull()
  })

  it('revokes only after the danger was named and confirmed by name', async () => {
    const server = standardServer().on('DELETE /control/v1/keys/key_abcdef', () => reply(204))
    mounted = await mountPage(KeysPage, { server })
    await mounted.click('Revoke warehouse-sync')
    expect(server.sent('DELETE /control/v1/keys/key_abcdef')).toEqual([])
    expect(mounted.text()).toContain('refused from its next request on')
    const confirm = [...document.querySelectorAll('button')]
      .filter((button) => button.textContent?.trim() === 'Revoke warehouse-sync')
      .at(-1)
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
