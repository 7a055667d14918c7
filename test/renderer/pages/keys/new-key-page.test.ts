import { afterEach, describe, expect, it } from 'vitest'
import { addressesText } from '../../../../renderer/pages/keys/key-network.ts'
import NewKeyPage from '../../../../renderer/pages/keys/new-key-page.vue'
import { refusal, reply, type FakeTransport } from '../../support/fake-transport.ts'
import { mountPage, settle, standardServer, type MountedPage } from '../../support/mount.ts'
import { key } from '../../support/samples.ts'

const made = (name: string) => reply(201, { ...key({ name }), secret: 'whk_the-secret' })
/** With two bots and a broker session to choose from; of them the page reads names alone. */
const withThings = (): FakeTransport =>
  standardServer()
    .on('GET /bots/v1/bots', () => ({
      bots: [
        { userId: 'bot_1', label: 'Driver help' },
        { userId: 'bot_2', label: '' },
      ],
      demo: false,
    }))
    .on('GET /brokers/v1/sessions', () => ({ sessions: [{ name: 'fleet-telemetry' }], deliveries: [] }))

describe('the page of a new key', () => {
  let mounted: MountedPage
  afterEach(() => mounted.unmount())

  function field(label: string): HTMLInputElement {
    const found = [...document.querySelectorAll('label')].find((candidate) => candidate.textContent?.trim() === label)
    const input = found === undefined ? null : document.getElementById(found.htmlFor)
    if (!(input instanceof HTMLInputElement)) throw new Error(`no field ${label}`)
    return input
  }

  async function type(label: string, value: string): Promise<void> {
    const input = field(label)
    input.value = value
    input.dispatchEvent(new Event('input', { bubbles: true }))
    input.dispatchEvent(new FocusEvent('blur'))
    await settle()
  }

  const boxes = (): HTMLButtonElement[] => [...document.querySelectorAll<HTMLButtonElement>('[role=checkbox]')]
  const ticked = (): (string | null)[] =>
    boxes()
      .filter((box) => box.getAttribute('aria-checked') === 'true')
      .map((box) => box.getAttribute('aria-label'))

  async function tick(label: string): Promise<void> {
    const box = boxes().find((candidate) => candidate.getAttribute('aria-label') === label)
    if (box === undefined) throw new Error(`no box ${label}`)
    box.click()
    await settle()
  }

  async function press(name: string, target: Element = document.activeElement ?? document.body): Promise<void> {
    target.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true, cancelable: true }))
    await settle()
  }

  async function submit(): Promise<void> {
    document.querySelector('form')?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }))
    await settle()
  }

  const stored = (): unknown => JSON.parse(document.querySelector('pre')?.textContent ?? '')

  it('begins with nothing ticked, and makes no key that may do nothing', async () => {
    const server = standardServer()
    mounted = await mountPage(NewKeyPage, { server })
    await type('Name', 'gate-tablet')
    expect(boxes()).toHaveLength(13)
    expect(ticked()).toEqual([])
    expect(mounted.text()).toContain('Tick at least one right')
    expect(mounted.text()).toContain('0 of 13 rights ticked by you')
    expect(mounted.button('Create key').disabled).toBe(true)
    await submit()
    expect(server.sent('POST /control/v1/keys')).toEqual([])
  })

  it('makes a key for the rights ticked as it has shown it, shows its secret once with a request, and leads back', async () => {
    const server = standardServer().on('POST /control/v1/keys', () => made('gate-tablet'))
    mounted = await mountPage(NewKeyPage, { server, path: '/keys/new' })
    await type('Name', 'gate-tablet')
    await tick('Browsers: use')
    await tick('Relay: use')
    await tick('Relay: manage')
    expect(mounted.text()).toContain('3 of 13 rights ticked by you')
    expect(mounted.text()).toContain('Open browser sessions and work in them')
    expect(mounted.text()).toContain('see or change what others have made in Browsers')
    expect(mounted.text()).toContain('open Brokers, Bots, Logins')
    const shown = stored()
    await submit()
    expect(server.sent('POST /control/v1/keys')).toEqual([shown])
    expect(shown).toMatchObject({ name: 'gate-tablet', rights: ['browsers:use', 'relay:manage'], from: null })
    expect(mounted.text()).toContain('Key gate-tablet is ready')
    expect(mounted.text()).toContain('X-API-Key: whk_the-secret')
    expect(mounted.button('Done').disabled).toBe(true)
    document.querySelector<HTMLButtonElement>('[role=dialog] [role=checkbox]')?.click()
    await settle()
    await mounted.click('Done')
    expect(mounted.router.currentRoute.value.path).toBe('/keys')
  })

  it('says in words what control with manage is, ticks all it includes, and lets it end within a week', async () => {
    const server = standardServer().on('POST /control/v1/keys', () => made('deploy'))
    mounted = await mountPage(NewKeyPage, { server })
    expect(mounted.text()).toContain('can run any program on this machine as you')
    await type('Name', 'deploy')
    await tick('Control: manage')
    expect(ticked()).toHaveLength(13)
    expect(mounted.text()).toContain('1 of 13 rights ticked by you')
    expect(mounted.text()).toContain('The key ends after 7 d at most')
    expect(
      [...document.querySelectorAll<HTMLButtonElement>('[role=tab]')]
        .filter(({ disabled }) => !disabled)
        .map(({ textContent }) => textContent?.trim()),
    ).toEqual(['7 d'])
    await submit()
    const [sent] = server.sent('POST /control/v1/keys') as { rights: string[]; expiresAt: string }[] // as this page sends it
    expect(sent?.rights).toEqual(['control:manage'])
    expect(Date.parse(sent?.expiresAt ?? '')).toBeLessThanOrEqual(Date.now() + 7 * 86_400_000)
  })

  it('starts from examples that say what they open, and clears all', async () => {
    mounted = await mountPage(NewKeyPage, { server: withThings() })
    expect(mounted.button('Gate tablet').getAttribute('aria-description')).toContain('Brokers: use and Bots: use')
    await mounted.click('Gate tablet')
    expect(ticked()).toEqual(['Brokers: use', 'Bots: use'])
    await mounted.click('Publish and subscribe')
    expect(ticked()).toEqual(['Brokers: use'])
    expect(mounted.text()).toContain('Publish and subscribe in fleet-telemetry')
    expect(stored()).toMatchObject({ rights: ['brokers:use'], only: { brokers: ['fleet-telemetry'] } })
    await mounted.click('Clear all')
    expect(ticked()).toEqual([])
    expect(stored()).not.toHaveProperty('only')
  })

  it('offers a first call that a key limited to one thing may make', async () => {
    const limited = { ...key({ name: 'fleet', rights: ['brokers:use'], only: { brokers: ['fleet-telemetry'] } }), secret: 'whk_the-secret' }
    const server = withThings().on('POST /control/v1/keys', () => reply(201, limited))
    mounted = await mountPage(NewKeyPage, { server })
    await mounted.click('Publish and subscribe')
    await type('Name', 'fleet')
    await submit()
    expect(mounted.text()).toContain('/v1/sessions/fleet-telemetry')
    mounted.unmount()

    const watching = { ...key({ name: 'watch', rights: ['activity:use'] }), secret: 'whk_the-secret' }
    mounted = await mountPage(NewKeyPage, { server: standardServer().on('POST /control/v1/keys', () => reply(201, watching)) })
    await tick('Activity: use')
    await type('Name', 'watch')
    await submit()
    expect(mounted.text()).toContain('/control/v1/audit')
  })

  it('asks which bot when it is for one of several, and says as whom it then sends', async () => {
    mounted = await mountPage(NewKeyPage, { server: withThings() })
    await mounted.click('Send as one bot')
    const options = [...document.querySelectorAll<HTMLElement>('[role=option]')]
    expect(options.map(({ textContent }) => textContent?.trim())).toEqual(['Driver help', 'bot_2'])
    options[0]?.click()
    await settle()
    expect(stored()).toMatchObject({ only: { bots: ['bot_1'] } })
    expect(mounted.text()).toContain('Send and read messages as Driver help and as no other bot')
    expect(mounted.text()).toContain('make or list others in Bots')
  })

  it('is ticked by keyboard: arrows for the room, U, M and L', async () => {
    mounted = await mountPage(NewKeyPage, { server: withThings() })
    await press('ArrowDown')
    expect(document.activeElement?.getAttribute('aria-label')).toBe('Browsers')
    await press('ArrowDown')
    await press('u')
    expect(ticked()).toEqual(['Brokers: use'])
    await press('m')
    expect(ticked()).toEqual(['Brokers: use', 'Brokers: manage'])
    await press('m')
    await press('l')
    expect([...document.querySelectorAll('[role=option]')].map(({ textContent }) => textContent?.trim())).toEqual(['fleet-telemetry'])
    await press('Escape')
    expect(mounted.router.currentRoute.value.path).toBe('/')
  })

  it('leaves letters to who types them', async () => {
    mounted = await mountPage(NewKeyPage)
    field('Name').focus()
    for (const letter of ['u', 'm', 'l', 'ArrowDown']) await press(letter)
    expect(ticked()).toEqual([])
  })

  it.each(['Escape', 'Cancel'])('leads back by %s', async (way) => {
    mounted = await mountPage(NewKeyPage, { path: '/keys/new' })
    if (way === 'Cancel') await mounted.click('Cancel')
    else await press('Escape', field('Name'))
    expect(mounted.router.currentRoute.value.path).toBe('/keys')
  })

  it('counts the addresses it is good for, and takes none that is no network', async () => {
    const server = standardServer().on('POST /control/v1/keys', () => made('gate-tablet'))
    mounted = await mountPage(NewKeyPage, { server })
    await type('Name', 'gate-tablet')
    await tick('Browsers: use')
    await type('From, addresses that may use it', '192.168.1.0/33')
    expect(mounted.text()).toContain('Give an address such as 192.168.1.20 or a network such as 192.168.1.0/24')
    expect(mounted.button('Create key').disabled).toBe(true)
    await type('From, addresses that may use it', '192.168.1.0/24')
    expect(mounted.text()).toContain('254 addresses')
    expect(mounted.text()).toContain('Only from 192.168.1.0/24, until')
    await submit()
    expect(server.sent('POST /control/v1/keys')).toMatchObject([{ from: '192.168.1.0/24' }])
  })

  it('keeps the form and says why when the name is taken', async () => {
    const server = standardServer().on('POST /control/v1/keys', () => refusal(409, 'key-name-taken', 'A key of this name exists'))
    mounted = await mountPage(NewKeyPage, { server })
    await type('Name', 'warehouse-sync')
    await tick('Browsers: use')
    await submit()
    expect(mounted.text()).toContain('A key of this name exists')
    expect(field('Name').value).toBe('warehouse-sync')
  })
})

it.each([
  ['192.168.1.20', '1 address'],
  ['192.168.1.20/32', '1 address'],
  ['10.0.0.0/31', '2 addresses'],
  ['192.168.1.0/24', '254 addresses'],
  ['10.0.0.0/8', '16,777,214 addresses'],
  ['fd00::7', '1 address'],
  ['fd00::/120', '256 addresses'],
  ['fd00::/64', '2⁶⁴ addresses'],
  ['::ffff:10.0.0.1', '1 address'],
  ['192.168.1', null],
  ['192.168.1.256', null],
  ['192.168.1.01', null],
  ['192.168.1.0/33', null],
  ['192.168.1.0/', null],
  ['192.168.1.0/24/8', null],
  ['fd00::/129', null],
  ['fd00:::7', null],
  ['office', null],
  ['', null],
])('%j is good for %s', (text, said) => {
  expect(addressesText(text)).toBe(said)
})
