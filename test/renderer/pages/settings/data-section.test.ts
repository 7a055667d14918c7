import { afterEach, describe, expect, it } from 'vitest'
import DataSection from '../../../../renderer/pages/settings/data-section.vue'
import { mountPage, settle, standardServer, type MountedPage } from '../../support/mount.ts'

const lost = { state: 'missing', reason: 'sealing-key.json is missing', locked: [{ room: 'bots', what: ['2 bots', '1 backup'] }] }
const open = { state: 'open', reason: null, locked: [] }

describe('the data settings', () => {
  let mounted: MountedPage | null = null
  afterEach(() => mounted?.unmount())

  it('say nothing of the sealing key while everything opens', async () => {
    mounted = await mountPage(DataSection)
    expect(mounted.text()).not.toContain('Sealing key')
  })

  it('name what is locked, and read the key again once it is put back', async () => {
    const server = standardServer()
      .on('GET /control/v1/sealing-key', () => lost)
      .on('POST /control/v1/sealing-key/retry', () => open)
    mounted = await mountPage(DataSection, { server })
    expect(mounted.text()).toContain('sealing-key.json is missing')
    expect(mounted.text()).toContain('2 bots, 1 backup cannot be opened')
    await mounted.click('Try again')
    expect(mounted.text()).not.toContain('cannot be opened')
  })

  it('give up what is locked only after the danger was named', async () => {
    const given: unknown[] = []
    const server = standardServer()
      .on('GET /control/v1/sealing-key', () => lost)
      .on('POST /control/v1/sealing-key/give-up', ({ body }) => {
        given.push(body)
        return open
      })
    mounted = await mountPage(DataSection, { server })
    await mounted.click('Give up 2 bots, 1 backup')
    expect(given).toEqual([])
    expect(mounted.text()).toContain('removed for good')
    const confirm = [...document.querySelectorAll<HTMLButtonElement>('[role=dialog] button')].find(
      ({ textContent }) => textContent?.trim() === 'Give up 2 bots, 1 backup',
    )
    confirm?.click()
    await settle()
    expect(given).toEqual([{ room: 'bots' }])
  })

  it('do not offer to give up what the desktop app can still open', async () => {
    const server = standardServer().on('GET /control/v1/sealing-key', () => ({ ...lost, state: 'protected' }))
    mounted = await mountPage(DataSection, { server })
    expect(mounted.text()).toContain('2 bots, 1 backup cannot be opened')
    expect(mounted.text()).not.toContain('Give up')
  })
})
