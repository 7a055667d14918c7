/** The passkey ceremony: a real browser with a virtual authenticator, the library's own socket, and the double as server and phone. */
import type { Page } from 'puppeteer-core'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import type { Authenticator } from '../../../server/bots/pairing/passkey.ts'
import { createPasskeyBrowser } from '../../../server/passkey-browser.ts'
import { temporaryFolder } from '../../fakes/kernel.ts'
import { serveBots, type ServedBots } from '../../fakes/served-bots.ts'
import type { Passkey } from '../../fakes/whatsapp/passkeys.ts'
import { chromiumPath } from '../../fixtures/chromium.ts'
import { patience } from '../../fixtures/patience.ts'

const number = '15550100142'
const gate = { userId: 'gate', phoneNumber: number }
let bots: ServedBots

afterEach(async () => {
  await bots.stop()
  expect(bots.double.errors).toEqual([])
})

async function serve(authenticator: Authenticator): Promise<void> {
  bots = await serveBots({ authenticator })
  bots.context.change({ bots: { passkeyCeremony: true } })
  bots.double.demandPasskey(number)
}

/** With the reason beside it, so that a failure says why. */
const becomes = (state: string) =>
  expect.poll(() => ({ state: bots.state('gate'), reason: bots.room.service.find('gate')?.row.reason })).toMatchObject({ state })
const view = async () => (await bots.call('GET', '/v1/bots/gate')).body.bot

/** A browser in whose authenticator the account's passkey lies, as it would on the person's computer. */
function personWithPasskey(): Authenticator {
  return createPasskeyBrowser({
    executable: async () => chromiumPath,
    profilesDir: temporaryFolder(),
    test: {
      async prepare(page) {
        bots.double.account(number).passkey = await makePasskey(page)
      },
    },
  })
}

async function makePasskey(page: Page): Promise<Passkey> {
  const cdp = await page.createCDPSession()
  await cdp.send('WebAuthn.enable')
  await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  await page.goto('https://web.whatsapp.com/')
  // The page asks at once and finds nothing; while it asks, no passkey can be made.
  await page.waitForFunction(() => document.querySelector('output')?.textContent !== '')
  const made = await page.evaluate(async () => {
    const rp = { id: 'whatsapp.com', name: 'WhatsApp' }
    const credential = await navigator.credentials.create({
      publicKey: {
        challenge: new Uint8Array(32),
        rp,
        user: { id: new Uint8Array([1]), name: 'person', displayName: 'Person' },
        pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      },
    })
    if (!(credential instanceof PublicKeyCredential) || !(credential.response instanceof AuthenticatorAttestationResponse))
      throw new Error('no passkey')
    return {
      id: [...new Uint8Array(credential.rawId)],
      publicKey: [...new Uint8Array(credential.response.getPublicKey() ?? new ArrayBuffer())],
    }
  })
  return { id: Buffer.from(made.id), publicKey: Buffer.from(made.publicKey) }
}

test.each(['code', 'QR'])('an account that asks for a passkey is linked by %s once its person has used it', async (way) => {
  await serve(personWithPasskey())
  const { bot, code } = await bots.room.service.create(gate, 'owner')
  const codes = new Set<string>()
  const { promise: shown, resolve } = Promise.withResolvers<string>()
  void bot.settled(patience, () => {
    const phone = bots.double.pairing.passkeyCode(number)
    if (phone !== null) codes.add(phone)
    if (bot.pairing?.passkey?.code != null) resolve(bot.pairing.passkey.code)
    return bot.state === 'online'
  })
  expect(await (way === 'code' ? bots.double.enterCode(number, code) : bots.double.scanQr(number, bot.pairing?.qr ?? ''))).toBe(
    'passkey-demanded',
  )
  await expect.poll(async () => (await view()).pairing?.passkey?.stage).toBe('browser')
  expect((await bots.call('GET', '/api/sessions/gate/pairing')).status).toBe(404)
  await becomes('online')
  expect([...codes]).toEqual([await shown])
  expect(bots.double.account(number).devices.size).toBe(1)
  // The link is a whole one: it is there again after a restart.
  await bot.restart()
  await becomes('online')
})

test('a passkey of another account links nothing and says so', async () => {
  const browser = personWithPasskey()
  await serve({
    async assert(options, signal) {
      const assertion = await browser.assert(options, signal)
      bots.double.account(number).passkey = {
        id: Buffer.from('another'),
        publicKey: bots.double.account(number).passkey?.publicKey ?? Buffer.alloc(0),
      }
      return assertion
    },
  })
  const { code } = await bots.room.service.create(gate, 'owner')
  await bots.double.enterCode(number, code)
  await becomes('failed')
  expect((await view()).reason).toBe('WhatsApp did not take the passkey (403)')
  expect(bots.room.service.get('gate').isLinked).toBe(false)
})

test('a closed browser is said, and stopping the bot closes it', async () => {
  let closes = 0
  await serve({
    assert: (_, signal) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => {
          closes += 1
          reject(new Error('closed'))
        }),
      ),
  })
  const { code } = await bots.room.service.create(gate, 'owner')
  await bots.double.enterCode(number, code)
  await expect.poll(async () => (await view()).pairing?.passkey?.stage).toBe('browser')
  expect((await bots.call('POST', '/v1/bots/gate/passkey/confirm')).status).toBe(409)
  await bots.call('POST', '/v1/bots/gate/stop')
  expect([bots.state('gate'), closes]).toEqual(['stopped', 1])
})

test('a window that the person closes is said', async () => {
  await serve(
    createPasskeyBrowser({
      executable: async () => chromiumPath,
      profilesDir: temporaryFolder(),
      test: { prepare: (page) => page.close() },
    }),
  )
  const { code } = await bots.room.service.create(gate, 'owner')
  await bots.double.enterCode(number, code)
  await becomes('failed')
  expect((await view()).reason).toBe('The browser was closed before the passkey was used')
})

test('a person has the time that WhatsApp gives them, longer than any QR code lives', async () => {
  const { promise, reject } = Promise.withResolvers<string>()
  await serve({ assert: () => promise })
  // The codes age when the test says so.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const { bot, code } = await bots.room.service.create(gate, 'owner')
  await bots.double.enterCode(number, code)
  await expect.poll(() => bot.pairing?.passkey?.stage).toBe('browser')
  const qr = bot.pairing?.qr
  // All six codes, and then as long again as two of them live.
  vi.advanceTimersByTime(60_000 + 7 * 20_000)
  expect([bots.state('gate'), bot.pairing?.passkey?.stage]).toEqual(['pairing', 'browser'])
  expect(bot.pairing?.qr).not.toBe(qr)
  reject(new Error('The browser was closed before the passkey was used'))
  await becomes('failed')
  expect((await view()).reason).toBe('The browser was closed before the passkey was used')
})

test('while the ceremony is switched off nothing is sent, and the way out is said', async () => {
  await serve({ assert: () => Promise.reject(new Error('never')) })
  bots.context.change({ bots: { passkeyCeremony: false } })
  const { code } = await bots.room.service.create(gate, 'owner')
  await bots.double.enterCode(number, code)
  await becomes('failed')
  const { reason } = await view()
  for (const words of ['asks for a passkey', 'Settings, Account, Passkeys', 'experimental']) expect(reason).toContain(words)
  expect(bots.context.database.prepare('SELECT count(*) AS count FROM bot_auth').get()).toEqual({ count: 0 })
})
