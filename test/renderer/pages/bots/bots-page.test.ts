import { afterEach, describe, expect, it } from 'vitest'
import { botName, nextStep, readableNumber } from '../../../../renderer/pages/bots/bot-presentation.ts'
import BotsPage from '../../../../renderer/pages/bots/bots-page.vue'
import LinkBotPage from '../../../../renderer/pages/bots/link/link-bot-page.vue'
import type { BotView } from '../../../../server/bots/contract/index.ts'
import { reply, type FakeTransport } from '../../support/fake-transport.ts'
import { mountPage, settle, standardServer, type MountedPage } from '../../support/mount.ts'
import { event } from '../../support/samples.ts'
import { bot as sampleBot } from './sample-bot.ts'

const at = new Date(Date.now() - 41_000).toISOString()
const later = new Date(Date.now() + 100_000).toISOString()
const bot = (changes: Partial<BotView> = {}): BotView => ({
  userId: 'bot_447700900381',
  phoneNumber: '447700900381',
  name: null,
  label: 'Invoices',
  notes: '',
  hasProxy: false,
  keepsLog: false,
  queue: 14,
  cappedUntil: null,
  heldUntil: null,
  settings: { ...sampleBot().settings, keepsLog: false },
  limits: {
    ...{ pause: 2, dailyCap: 500, keepMessagesFor: 30, keepsMedia: false, mediaBudget: 1000, keepMediaFor: 30 },
    mediaKinds: ['image', 'video', 'audio', 'document', 'sticker'],
  },
  sentToday: 0,
  lastHour: { received: 0, sent: 0 },
  state: 'online',
  reason: null,
  cause: null,
  restriction: null,
  since: at,
  createdAt: at,
  linkedAt: at,
  retryAt: null,
  attempt: 0,
  pairing: null,
  ...changes,
})
const backup = { id: 'backup_0123456789abcdef', createdAt: at, checksum: 'ab', rows: 812, bytes: 41_000 }

function server(bots: BotView[], demo = false): FakeTransport {
  const transport = standardServer().on('GET /bots/v1/bots', () => ({ bots, demo }))
  for (const each of bots)
    transport.on(`GET /bots/v1/bots/${each.userId}`, () => ({
      bot: each,
      history: [{ id: 1, at, state: each.state, reason: each.reason }],
      backups: [backup],
    }))
  return transport
}

describe('the bots page', () => {
  let mounted: MountedPage | null = null
  afterEach(() => mounted?.unmount())

  async function open(transport: FakeTransport, path = '/bots'): Promise<MountedPage> {
    mounted = await mountPage(path.startsWith('/bots/link') ? LinkBotPage : BotsPage, { server: transport, path })
    await settle()
    return mounted
  }

  it('shows each bot with state, reason and number', async () => {
    const page = await open(
      server([
        bot(),
        bot({
          userId: 'gate',
          label: 'Gate alerts',
          phoneNumber: '15550100142',
          state: 'logged_out',
          reason: 'Unlinked on the phone (401)',
        }),
      ]),
    )
    for (const words of [
      '1 of 2 online',
      'Invoices',
      '+44 770 090 0381',
      'Gate alerts',
      '+1 555 010 0142',
      'Logged out',
      'Unlinked on the phone (401)',
    ])
      expect(page.text()).toContain(words)
  })

  it('explains the first step, and says when it is a demo', async () => {
    const page = await open(server([], true))
    expect(page.text()).toContain('No bot is linked')
    expect(page.text()).toContain('pretend WhatsApp')
  })

  it('says what unlinking and deleting do before it does them', async () => {
    const transport = server([bot()])
    transport.on('DELETE /bots/v1/bots/bot_447700900381', () => reply(204))
    const page = await open(transport, '/bots?bot=bot_447700900381')
    expect(page.text()).toContain('14 messages')
    await page.click('Delete Invoices and its data')
    expect(page.text()).toContain('goes on to show it as a linked device')
    expect(transport.sent('DELETE /bots/v1/bots/bot_447700900381')).toHaveLength(0)
  })

  it('shows a new backup without being asked again', async () => {
    const transport = server([bot()])
    let kept = [backup]
    transport.on('GET /bots/v1/bots/bot_447700900381', () => ({ bot: bot(), history: [], backups: kept }))
    transport.on('GET /bots/v1/bots/bot_447700900381/activity', () => ({
      userId: 'bot_447700900381',
      from: at,
      to: later,
      step: 7_200,
      received: [],
      sent: [],
      failed: [],
      states: [],
      online: 1,
    }))
    const page = await open(transport, '/bots?bot=bot_447700900381')
    expect(page.text()).toContain('Backups 1')
    kept = [backup, { ...backup, id: 'backup_0123456789abcdeg' }]
    transport.sockets
      .find(({ path }) => path === '/control/v1/events')
      ?.say({ type: 'event', event: event(1, { room: 'bots', type: 'bot-backed-up', subject: 'bot_447700900381' }) })
    await settle()
    expect(page.text()).toContain('Backups 2')
  })

  it('links a bot: shows the code in large, the QR beside it and where to tap', async () => {
    const pairing = {
      code: '7KQX-3MWD',
      problem: 'wrong-code' as const,
      qr: 'https://wa.me/settings/linked_devices#2@x',
      qrEndsAt: later,
      endsAt: later,
      passkey: null,
    }
    const page = await open(server([bot({ state: 'pairing', linkedAt: null, pairing })]), '/bots/link?bot=bot_447700900381')
    for (const words of [
      'Type this code on the phone',
      'Another code was typed on the phone',
      'Waiting for the phone',
      'Changes in',
      'Link with phone number',
      '"userId": "bot_447700900381"',
    ])
      expect(page.text()).toContain(words)
  })
})

describe('how a bot reads', () => {
  it('is named by its label, else by WhatsApp, else by its id', () => {
    expect([bot(), bot({ label: '', name: 'Desk' }), bot({ label: '' })].map(botName)).toEqual(['Invoices', 'Desk', 'bot_447700900381'])
  })

  it('groups numbers after their country code', () => {
    expect(['15550100142', '447700900381', '353861234567', '61491570156'].map(readableNumber)).toEqual([
      '+1 555 010 0142',
      '+44 770 090 0381',
      '+353 86 123 4567',
      '+61 49 157 0156',
    ])
  })

  it('offers the one step that fits the state', () => {
    expect(nextStep(bot()).action).toBe('stop')
    expect(nextStep(bot({ state: 'replaced' })).label).toBe('Take back')
    expect(nextStep(bot({ state: 'stopped', linkedAt: null })).action).toBe('pair')
    expect(nextStep(bot({ state: 'reconnecting' })).label).toBe('Retry now')
  })
})
