/** The messages of a session in the window: live, retained, waiting. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Envelope, generateKey } from '../../../../client/brokers/src/index.ts'
import MessagesTab from '../../../../renderer/pages/brokers/messages/messages-tab.vue'
import { saveFile } from '../../../../renderer/files/save-file.ts'
import type { BrokerMessage } from '../../../../server/brokers/contract/index.ts'
import { defineComponent, h } from 'vue'
import { chooseFile, typeInto } from '../../support/chosen-file.ts'
import type { FakeTransport } from '../../support/fake-transport.ts'
import { mountPage, settle, standardServer, type MountedPage } from '../../support/mount.ts'

vi.mock('../../../../renderer/files/save-file.ts', async (original) => ({
  ...(await original<typeof import('../../../../renderer/files/save-file.ts')>()),
  saveFile: vi.fn(),
}))

const at = '2026-11-27T10:00:00.000Z'
const message = (changes: Partial<BrokerMessage> = {}): BrokerMessage => ({
  ...{ topic: 'orders/paid', messageId: 'm1', publisher: 'web-shop', at, expiresAt: null, qos: 1, retained: false, retain: false },
  ...{ source: 'json', bytes: 40, data: '{"order":4711,"lines":[{"sku":"HB-204"}]}' },
  ...changes,
})
const line = (changes?: Partial<BrokerMessage>): object => ({ type: 'message', ...message(changes) })

const page = defineComponent({ render: () => h(MessagesTab, { name: 'orders-prod' }) })

describe('the messages of a session', () => {
  let mounted: MountedPage | null = null
  beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
  afterEach(() => {
    mounted?.unmount()
    vi.useRealTimers()
    vi.mocked(saveFile).mockClear()
  })

  async function open(server: FakeTransport = standardServer()): Promise<{ tab: MountedPage; server: FakeTransport }> {
    mounted = await mountPage(page, { server })
    return { tab: mounted, server }
  }
  async function start(server?: FakeTransport) {
    const opened = await open(server)
    await opened.tab.click('Start')
    opened.server.socket.open()
    await settle()
    return opened
  }
  async function drawn(): Promise<void> {
    vi.advanceTimersByTime(200)
    await settle()
  }
  const rows = (): string[] => [...document.querySelectorAll('ul li button')].map((row) => (row.textContent ?? '').replaceAll(/\s+/g, ' '))
  async function choose(index: number): Promise<void> {
    document.querySelectorAll<HTMLElement>('ul li button')[index]?.click()
    await settle()
    await vi.waitFor(() => settle())
  }

  it('come as they are published, the newest first, on the topics that were asked for', async () => {
    const { tab, server } = await open()
    await typeInto('input[aria-label="Topic filter"]', 'orders/#')
    await tab.click('Start')
    expect([server.socket.path, server.socket.query]).toEqual([
      '/brokers/v1/sessions/orders-prod/tail',
      { topic: 'orders/#', retained: false },
    ])
    server.socket.open()
    for (const id of ['one', 'two']) server.socket.say(line({ messageId: id, data: `text ${id}` }))
    await drawn()
    expect(rows()).toEqual([expect.stringContaining('text two'), expect.stringContaining('text one')])
    expect(tab.text()).toContain('2 messages')
  })

  it('are told of that came too fast, and of the reason when it ends', async () => {
    const { tab, server } = await start()
    server.socket.say({ type: 'skipped', count: 7 })
    server.socket.say({ type: 'ended', reason: 'suspended' })
    server.socket.close()
    await drawn()
    expect(tab.text()).toContain('7 not sent: they came too fast')
    expect(tab.text()).toContain('The session was suspended.')
    expect(tab.button('Start').disabled).toBe(false)
  })

  it('are not asked for on what is no filter, or would take them from others', async () => {
    const { tab, server } = await open()
    const before = server.sockets.length
    for (const filter of ['', 'a/#/b', '$share/desk/jobs']) {
      await typeInto('input[aria-label="Topic filter"]', filter)
      expect(tab.button('Start').disabled).toBe(true)
    }
    expect(server.sockets).toHaveLength(before)
  })

  it('stay where they are while one is read; what came meanwhile is counted', async () => {
    const { tab, server } = await start()
    server.socket.say(line({ messageId: 'one' }))
    await drawn()
    await choose(0)
    for (const id of ['two', 'three']) server.socket.say(line({ messageId: id }))
    await drawn()
    expect(rows()).toHaveLength(1)
    await tab.click('2 new')
    expect(rows()).toHaveLength(3)
  })

  it('are searched in topic and text', async () => {
    const { server } = await start()
    server.socket.say(line({ topic: 'gate/in', data: 'lorry' }))
    server.socket.say(line({ topic: 'stock/changed', data: 'HB-204' }))
    await drawn()
    await typeInto('input[aria-label="Search in the messages"]', 'hb-2')
    expect(rows()).toEqual([expect.stringContaining('stock/changed')])
    await typeInto('input[aria-label="Search in the messages"]', 'GATE')
    expect(rows()).toEqual([expect.stringContaining('gate/in')])
  })

  it('are unfolded where they are JSON, and shown in hexadecimal where they are bytes', async () => {
    const { tab, server } = await start()
    server.socket.say(line())
    server.socket.say(
      line({ messageId: 'm2', topic: 'press/raw', data: '/wBB', encoding: 'base64', source: 'mqtt', headers: { site: 'north' } }),
    )
    await drawn()
    await choose(1)
    expect(tab.text()).toContain('lines[1]')
    expect(tab.text()).toContain('"HB-204"')
    await choose(0)
    expect(tab.text()).toContain('000000 ff 00 41')
    expect(tab.text()).toContain('header sitenorth')
  })

  it.each([1, 2] as const)('are opened with a key that is typed in, in envelopes of version %i; a wrong key is said', async (version) => {
    const [key, other] = [generateKey(), generateKey()]
    const context = { topic: 'orders/paid', messageId: 'm1', timestamp: 1_700_000_000_000 }
    const sealed = await (await Envelope.create(key, { version })).seal('the secret order', context)
    const { tab, server } = await start()
    server.socket.say(line({ ...sealed, timestamp: context.timestamp }))
    await drawn()
    await choose(0)
    expect(tab.text()).toContain('Encrypted: give the key')
    await tab.click('Decrypt')
    await typeInto('input[placeholder="32 bytes in Base64"]', other)
    await vi.waitFor(() => expect(tab.text()).toContain('sealed with another key, or changed'))
    await typeInto('input[placeholder="32 bytes in Base64"]', key)
    await vi.waitFor(() => expect(tab.text()).toContain('Decrypted in this window'))
    expect(tab.text()).toContain('the secret order')
    expect(tab.text()).toContain('matches')
    expect(JSON.stringify(server.requests)).not.toContain(key)
    await typeInto('input[placeholder="32 bytes in Base64"]', 'short')
    await vi.waitFor(() => expect(tab.text()).toContain('The key must be 32 bytes in Base64'))
  })

  it('say it when their hash is not the one of what was sent', async () => {
    const { tab, server } = await start()
    server.socket.say(line({ hash: 'ab'.repeat(32) }))
    await drawn()
    await choose(0)
    await vi.waitFor(() => expect(tab.text()).toContain('does not match what was sent'))
  })

  it('are recorded and saved as lines, which can be published again', async () => {
    const { tab, server } = await start()
    await tab.click('Record')
    for (const id of ['one', 'two']) server.socket.say(line({ messageId: id, qos: 2 }))
    await drawn()
    await tab.click('Save 2')
    const [name, text] = vi.mocked(saveFile).mock.calls[0] ?? []
    expect(name).toBe('orders-prod-recording.ndjson')
    expect(
      String(text)
        .trim()
        .split('\n')
        .map((each) => JSON.parse(each) as object),
    ).toEqual([line({ messageId: 'one', qos: 2 }), line({ messageId: 'two', qos: 2 })])

    server.on('POST /brokers/v1/sessions/orders-prod/messages', () => ({ messageId: 'new', deliveredTo: 1, queuedFor: 0 }))
    await tab.click('More about the messages')
    document.querySelectorAll<HTMLElement>('[role=menuitem]')[1]?.click()
    await settle()
    await chooseFile(new File([String(text)], 'recording.ndjson'))
    await vi.waitFor(() => expect(tab.text()).toContain('0 of 2'))
    await tab.click('Publish them')
    await vi.waitFor(() => expect(tab.text()).toContain('2 of 2'))
    const again = { topic: 'orders/paid', data: message().data, retain: false, source: 'json', qos: 2 }
    expect(server.sent('POST /brokers/v1/sessions/orders-prod/messages')).toEqual([again, again])
  })

  it('say which line of a file is no message', async () => {
    const { tab } = await open()
    await tab.click('More about the messages')
    document.querySelectorAll<HTMLElement>('[role=menuitem]')[1]?.click()
    await settle()
    await chooseFile(new File(['{"type":"message","topic":"a","data":1}\nnot json\n'], 'recording.ndjson'))
    await vi.waitFor(() => expect(tab.text()).toContain('Line 2 is no JSON object'))
    expect(tab.button('Publish them').disabled).toBe(true)
  })

  it('that are retained are listed, changed where nobody else has, and deleted after a question', async () => {
    const row = { topic: 'gate/state', messageId: 'r1', publisher: 'gate', at, expiresAt: null, bytes: 20, preview: '{"open":true}' }
    const { tab, server } = await open(
      standardServer()
        .on('GET /brokers/v1/sessions/orders-prod/retained', () => ({ messages: [row], total: 1, next: null }))
        .on('GET /brokers/v1/sessions/orders-prod/retained/message', () =>
          message({
            topic: 'gate/state',
            messageId: 'r1',
            data: 'open',
            source: 'mqtt',
            retain: true,
            retained: true,
            properties: { contentType: 'text/plain' },
          }),
        )
        .on('PUT /brokers/v1/sessions/orders-prod/retained/message', () => ({ messageId: 'r2', deliveredTo: 0, queuedFor: 0 }))
        .on('DELETE /brokers/v1/sessions/orders-prod/retained', () => ({ removed: 1 })),
    )
    await showView('Retained')
    expect(tab.text()).toContain('1 retained')
    await choose(0)
    await tab.click('Edit')
    await typeInto('textarea', 'closed')
    await tab.click('Publish it')
    expect(server.sent('PUT /brokers/v1/sessions/orders-prod/retained/message')).toEqual([
      { data: 'closed', source: 'mqtt', qos: 1, replaces: 'r1', properties: { contentType: 'text/plain' } },
    ])
    await tab.click('Delete all 1')
    expect(server.requests.filter(({ method }) => method === 'DELETE')).toEqual([])
    await tab.click('Delete 1 retained message')
    expect(server.requests.filter(({ method }) => method === 'DELETE').map(({ query }) => query)).toEqual([{ topic: '#' }])
  })

  it('are published again as they came', async () => {
    const { tab, server } = await start(
      standardServer()
        .on('GET /brokers/v1/sessions', () => ({ sessions: [{ name: 'orders-prod', state: 'running' }], deliveries: [] }))
        .on('POST /brokers/v1/sessions/orders-prod/messages', () => ({ messageId: 'new', deliveredTo: 2, queuedFor: 0 })),
    )
    server.socket.say(
      line({ topic: 'press/set', data: '/wBB', encoding: 'base64', source: 'mqtt', qos: 2, retain: true, headers: { site: 'north' } }),
    )
    await drawn()
    await choose(0)
    await tab.click('Publish again')
    await tab.click('Publish')
    expect(server.sent('POST /brokers/v1/sessions/orders-prod/messages')).toEqual([
      { topic: 'press/set', data: '/wBB', encoding: 'base64', source: 'mqtt', qos: 2, retain: true, headers: { site: 'north' } },
    ])
    expect(tab.text()).toContain('Accepted for 2 subscribers')
  })

  async function showView(label: string): Promise<void> {
    const tabs = [...document.querySelectorAll<HTMLElement>('[role=tab]')]
    tabs.find(({ textContent }) => textContent?.trim() === label)?.dispatchEvent(new MouseEvent('mousedown', { bubbles: true, button: 0 }))
    await settle()
  }
})
