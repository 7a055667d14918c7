/** The dialog that asks for something and does it. */
import { afterEach, describe, expect, it } from 'vitest'
import { defineComponent, h, ref } from 'vue'
import FormDialog from '../../../renderer/components/form-dialog.vue'
import { mountPage, settle, type MountedPage } from '../support/mount.ts'

describe('a form dialog', () => {
  let mounted: MountedPage | null = null
  afterEach(() => mounted?.unmount())

  const open = ref(true)
  const ready = ref(true)
  async function show(run: () => Promise<unknown>): Promise<MountedPage> {
    open.value = true
    ready.value = true
    return (mounted = await mountPage(
      defineComponent(
        () => () =>
          h(
            FormDialog,
            {
              open: open.value,
              title: 'Make a thing',
              submit: 'Make it',
              ready: ready.value,
              run,
              'onUpdate:open': (now: boolean) => (open.value = now),
            },
            { default: () => h('input', { 'aria-label': 'Name' }) },
          ),
      ),
    ))
  }
  const alert = (): string | undefined => document.querySelector('[role=alert]')?.textContent ?? undefined

  it('does it by its button and by Enter, and leaves the closing to what it does', async () => {
    let runs = 0
    const page = await show(async () => void (runs += 1))
    await page.click('Make it')
    document.querySelector('form')?.requestSubmit()
    await settle()
    expect(runs).toBe(2)
    expect(open.value).toBe(true)
  })

  it('says why it failed, and forgets it when it is opened again', async () => {
    const page = await show(() => Promise.reject(new Error('The name is taken')))
    await page.click('Make it')
    expect(alert()).toBe('The name is taken')
    expect(open.value).toBe(true)
    open.value = false
    await settle()
    open.value = true
    await settle()
    expect(alert()).toBeUndefined()
  })

  it('does nothing while something is missing', async () => {
    let runs = 0
    const page = await show(async () => void (runs += 1))
    ready.value = false
    await settle()
    expect(page.button('Make it').disabled).toBe(true)
    document.querySelector('form')?.requestSubmit()
    await settle()
    expect(runs).toBe(0)
  })

  it('cannot be left while it runs, nor run twice', async () => {
    const work = Promise.withResolvers<undefined>()
    let runs = 0
    const page = await show(() => {
      runs += 1
      return work.promise
    })
    await page.click('Make it')
    expect(page.button('Cancel').disabled).toBe(true)
    document.querySelector('form')?.requestSubmit()
    await settle()
    expect(runs).toBe(1)
    work.resolve(undefined)
    await settle()
    await page.click('Cancel')
    expect(open.value).toBe(false)
  })
})
