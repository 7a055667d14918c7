/** Descriptions and configurations out of files: what could not be read is said, and of several choices the latest counts. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { defineComponent, h, ref } from 'vue'
import ImportDialog from '../../../../renderer/pages/relay/import-dialog.vue'
import AddApiDialog from '../../../../renderer/pages/relay/openapi/add-api-dialog.vue'
import { alertText, chooseFile, slowFile, typeInto } from '../../support/chosen-file.ts'
import { mountPage, settle, standardServer, type MountedPage } from '../../support/mount.ts'

const preview = 'POST /relay/v1/api-previews'
const importPreview = 'POST /relay/v1/upstream-imports/preview'
const address = 'input[type=url]'
const typed = 'https://api.test/openapi.json'

async function shown(dialog: typeof AddApiDialog | typeof ImportDialog, server = standardServer()): Promise<MountedPage> {
  const open = ref(false)
  const mounted = await mountPage(
    defineComponent(() => () => h(dialog, { open: open.value, 'onUpdate:open': (now: boolean) => (open.value = now) })),
    { server },
  )
  onTestFinished(() => mounted.unmount())
  open.value = true
  await settle()
  return mounted
}

describe('the file of an API', () => {
  const described = (title: string) => ({ title, version: '1', servers: ['https://api.test/'], credentials: [], operations: [] })
  const served = () => standardServer().on(preview, () => described('Yard'))

  test('is named once it is read, and not before', async () => {
    const page = await shown(AddApiDialog, served())
    const file = slowFile('yard.json')
    await chooseFile(file)
    expect(page.text()).not.toContain('is read')
    await file.arrive('{"openapi":"3.1.0"}')
    expect(page.text()).toContain('yard.json is read.')
    await page.click('Read')
    expect(page.server.sent(preview)).toEqual([{ document: '{"openapi":"3.1.0"}' }])
  })

  test('says so when it cannot be read, and leaves the address in force', async () => {
    const page = await shown(AddApiDialog, served())
    await typeInto(address, typed)
    const file = slowFile('gone.json')
    await chooseFile(file)
    await file.fail()
    expect(alertText()).toContain('gone.json could not be read')
    expect(page.text()).not.toContain('is read.')
    await page.click('Read')
    expect(page.server.sent(preview)).toEqual([{ source: typed }])
  })

  test('gives way to the file chosen after it, however late it is read', async () => {
    const page = await shown(AddApiDialog, served())
    const [slow, quick] = [slowFile('slow.json'), slowFile('quick.json')]
    await chooseFile(slow)
    await chooseFile(quick)
    await quick.arrive('quick')
    await slow.arrive('slow')
    expect(page.text()).toContain('quick.json is read.')
    await page.click('Read')
    expect(page.server.sent(preview)).toEqual([{ document: 'quick' }])
  })

  test('gives way to an address typed meanwhile, whether it is read or not', async () => {
    const page = await shown(AddApiDialog, served())
    const [slow, lost] = [slowFile('slow.json'), slowFile('lost.json')]
    await chooseFile(slow)
    await chooseFile(lost)
    await typeInto(address, typed)
    await slow.arrive('slow')
    await lost.fail()
    expect([alertText(), page.text().includes('is read.')]).toEqual(['', false])
    await page.click('Read')
    expect(page.server.sent(preview)).toEqual([{ source: typed }])
  })

  test('is what is added of it, also when another is given while it is looked at', async () => {
    const looking = Promise.withResolvers<unknown>()
    const operation = { id: 'GET /slots', name: 'slots', summary: '', readOnly: true, deprecated: false }
    const add = 'POST /relay/v1/apis'
    const server = standardServer().on(preview, () => looking.promise)
    const page = await shown(AddApiDialog, server)
    await typeInto(address, typed)
    await page.click('Read')
    await typeInto(address, 'https://other.test/openapi.json')
    looking.resolve({ ...described('Yard'), operations: [operation] })
    await settle()
    await page.click('Add 1 tool')
    expect(server.sent(add)).toMatchObject([{ source: typed }])
  })
})

describe('the configuration of another program', () => {
  const served = () => standardServer().on(importPreview, () => ({ servers: [] }))

  test('is read at once', async () => {
    const page = await shown(ImportDialog, served())
    const file = slowFile('mcp.json')
    await chooseFile(file)
    await file.arrive('{"mcpServers":{}}')
    expect(page.server.sent(importPreview)).toEqual([{ text: '{"mcpServers":{}}' }])
  })

  test('says so when its file cannot be read', async () => {
    const page = await shown(ImportDialog, served())
    const file = slowFile('mcp.json')
    await chooseFile(file)
    await file.fail()
    expect(alertText()).toContain('mcp.json could not be read')
    expect(page.server.sent(importPreview)).toEqual([])
  })

  test('gives way to what is typed while its file is read', async () => {
    const page = await shown(ImportDialog, served())
    const file = slowFile('mcp.json')
    await chooseFile(file)
    await typeInto('textarea', '{"typed":{}}')
    await file.arrive('{"late":{}}')
    expect(page.server.sent(importPreview)).toEqual([])
    await page.click('Read')
    expect(page.server.sent(importPreview)).toEqual([{ text: '{"typed":{}}' }])
  })
})
