import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../../../fixtures/eventually.ts'
import { drive, type Driven } from './driven.ts'

let driven: Driven

beforeAll(async () => {
  driven = await drive()
})
beforeEach(() => driven.viewer.forget())
afterAll(() => driven.stop())

const valueOf = (selector: string): Promise<string> =>
  driven.session.page().$eval(selector, (element) => (element instanceof HTMLTextAreaElement ? element.value : (element.textContent ?? '')))

describe('copying', () => {
  beforeAll(() => driven.go('/words'))

  it('gives the person what they have selected, by the keyboard and by the menu', async () => {
    await select('#said')
    press('c', 67)
    expect(await driven.viewer.notice('copied')).toMatchObject({
      text: expect.stringContaining('Container TRHU4830411 is available'),
      html: expect.stringContaining('<b>TRHU</b>'),
    })
    driven.viewer.send({ type: 'copy' })
    expect(await driven.viewer.notice('copied')).toMatchObject({ text: expect.stringContaining('TRHU4830411') })
  })

  it('gives what the page itself puts on the clipboard', async () => {
    await select('#own')
    driven.viewer.send({ type: 'copy' })
    expect(await driven.viewer.notice('copied')).toMatchObject({ text: 'by the page', html: '' })
  })
})

describe('pasting', () => {
  beforeAll(() => driven.go('/words'))

  it('is seen by the page as a paste, and puts the text where the keyboard is', async () => {
    await driven.click('#field')
    driven.viewer.send({ type: 'paste', text: 'one\ntwo', html: '<i>one</i>' })
    await driven.noted('pasted:<i>one</i>')
    await eventually('the text is there', async () => (await valueOf('#field')) === 'one\ntwo')
    press('x', 88, 'a')
    driven.viewer.send({ type: 'copy', cut: true })
    await driven.viewer.notice('copied', ({ text }) => text === 'one\ntwo')
    await eventually('it was cut', async () => (await valueOf('#field')) === '')
  })

  it('keeps its form where the page takes form, and brings pictures', async () => {
    await driven.click('#rich')
    driven.viewer.send({ type: 'paste', text: 'bold', html: '<b>bold</b>' })
    await eventually('it is bold', () => driven.session.page().$eval('#rich', (element) => element.innerHTML.includes('<b>bold</b>')))
    await driven.click('#drop')
    const data = Buffer.from('no real picture').toString('base64')
    driven.viewer.send({ type: 'paste', text: '', files: [{ name: 'image.png', mime: 'image/png', data }] })
    await driven.noted('picture=image/png')
  })

  it("goes into another site's frame", async () => {
    await driven.click('#inner', true)
    driven.viewer.send({ type: 'paste', text: 'BK-88210' })
    const frame = driven.session.page().frames()[1]
    const value = () => frame?.$eval('#inner', (field) => (field as HTMLInputElement).value)
    await eventually('it is there', async () => (await value()) === 'BK-88210')
    driven.viewer.type('a')
    driven.viewer.send({ type: 'text', text: '日' })
    await eventually('what is typed and composed follows', async () => (await value()) === 'BK-88210a日')
  })
})

it('text that is composed reaches the page while it is composed, and final', async () => {
  await driven.go('/words')
  await driven.click('#rich')
  await eventually('the keyboard is there', () => driven.session.page().evaluate(() => document.activeElement?.id === 'rich'))
  driven.viewer.send({ type: 'compose', text: '´', start: 1, end: 1 })
  await driven.noted('composing')
  driven.viewer.send({ type: 'compose', text: 'にほ', start: 2, end: 2 })
  await eventually('it shows', async () => (await valueOf('#rich')) === 'にほ')
  driven.viewer.send({ type: 'text', text: '日本' })
  await driven.noted('composed=日本')
  expect(await valueOf('#rich')).toBe('日本')
})

describe('the menu', () => {
  beforeAll(() => driven.go('/words'))

  it('tells what it was opened on, unless the page has its own', async () => {
    await rightClick('#link')
    expect((await driven.viewer.notice('menu')).menu).toMatchObject({
      link: `${driven.site.url}/containers.csv`,
      image: '',
      editable: false,
    })
    await rightClick('#field')
    expect((await driven.viewer.notice('menu')).menu).toMatchObject({ link: '', editable: true })
    await rightClick('#menu')
    await driven.noted('own menu')
  })

  it('saves a picture of the page among the downloads', async () => {
    await rightClick('#image')
    expect((await driven.viewer.notice('menu')).menu.image).toBe(`${driven.site.url}/dot.png`)
    driven.viewer.send({ type: 'save-image' })
    const { download } = await driven.viewer.notice('download', ({ download: { state } }) => state === 'done')
    expect(download.name).toBe('dot.png')
    const file = join(driven.served.context.dataDir, 'browsers', 'downloads', driven.session.id, download.id)
    expect(readFileSync(file).subarray(1, 4).toString()).toBe('PNG')
  })
})

it('a text is found across elements and frames, counted, and gone through both ways', async () => {
  await driven.go('/words')
  await eventually('the frame is there', async () => (await driven.session.page().frames()[1]?.$('#inner')) !== null)
  const find = async (text: string, backward = false) => {
    driven.viewer.send({ type: 'find', text, backward })
    return driven.viewer.notice('found')
  }
  await eventually('both frames are searched', async () => (await find(`trhu`)).count === 2 || (await find(''), false))
  expect(await find('trhu')).toMatchObject({ count: 2, current: 2 })
  expect(await find('trhu')).toMatchObject({ count: 2, current: 1 })
  expect(await find('trhu', true)).toMatchObject({ count: 2, current: 2 })
  expect(await find('container trhu4830411 is available')).toMatchObject({ count: 1, current: 1 })
  expect(await find('nowhere')).toMatchObject({ count: 0, current: 0 })
})

describe("a site's own window", () => {
  it('opens for the click of whoever drives, with its handle, and leads back when it closes', async () => {
    await driven.go('/popups')
    await driven.click('#open')
    await driven.noted('handle=true')
    await eventually('it is in front', () => driven.session.pages.active()?.url.endsWith('/child'))
    await driven.event('popup-opened')
    await driven.click('#done')
    await eventually('the page is in front again', () => driven.session.pages.active()?.url.includes('/popups'))
    await driven.noted('message=signed in')
  })

  it('opens for a click that comes while its page still loads', async () => {
    await whileItStands('/standing', () => driven.viewer.click({ x: 50, y: 50 }))
    await eventually('it is in front', () => driven.session.pages.active()?.url.endsWith('/child'))
    await driven.click('#done')
    await driven.noted('handle=true')
  })

  it('opens, and is refused, as well in a page that has written itself anew', async () => {
    await driven.go('/popups')
    await driven.session.page().setContent('<button id="open">Open</button>')
    const opens = (): Promise<unknown> => driven.session.page().evaluate("window.open('/child', 'child') !== null")
    driven.viewer.send({ type: 'give-back' })
    await driven.viewer.notice('control', ({ holder }) => holder === 'nobody')
    expect(await opens()).toBe(false)
    driven.viewer.send({ type: 'take-over' })
    await driven.viewer.notice('control', ({ holder }) => holder === 'you')
    await driven.click('#open')
    expect(await opens()).toBe(true)
    await eventually('it is in front', () => driven.session.pages.active()?.url.endsWith('/child'))
    await driven.click('#done')
    await eventually('the page is in front again', () => driven.session.pages.active()?.url.includes('/popups'))
  })

  it('opens from a frame of another site too, and for nobody else than who drives', async () => {
    await driven.go('/popups')
    await driven.click('#inner', true)
    await eventually('it is in front', () => driven.session.pages.list().length === 2)
    await driven.session.page().close()
    await eventually('it is closed', () => driven.session.pages.list().length === 1)
    driven.viewer.send({ type: 'give-back' })
    await driven.viewer.notice('control', ({ holder }) => holder === 'nobody')
    await driven.go('/popups')
    await driven.session.page().click('#open')
    await driven.noted('handle=false')
    driven.viewer.send({ type: 'take-over' })
    await driven.viewer.notice('control', ({ holder }) => holder === 'you')
  })
})

describe('what is put into a page for the person', () => {
  it('is there for a click that comes right after they have taken over, however busy the page', async () => {
    driven.viewer.send({ type: 'give-back' })
    await driven.viewer.notice('control', ({ holder }) => holder === 'nobody')
    await whileItStands('/standing-list', () => {
      driven.viewer.send({ type: 'take-over' })
      driven.viewer.click({ x: 50, y: 50 })
    })
    expect((await driven.viewer.notice('choice')).choice.options.map(({ text }) => text)).toEqual(['North', 'South'])
  })

  it("is in another site's frame before anything happens there", async () => {
    await driven.go('/framed-port')
    await driven.noted('list=null')
  })
})

describe('a page that does not end', () => {
  /** By its address: it says nothing else any more. */
  const hangsAfter = (noted: string) => eventually('it hangs', () => driven.session.pages.active()?.url.endsWith(`?noted=${noted}`))

  it('is stopped where it stands', async () => {
    await driven.go('/loop')
    await driven.click('#once')
    await hangsAfter('once')
    driven.viewer.send({ type: 'stop-page' })
    expect(await driven.viewer.notice('stopped')).toMatchObject({ how: 'stands' })
    await driven.click('#alive')
    await driven.noted('alive')
  })

  it('is emptied where its scripts go on, and its login stays', async () => {
    await driven.go('/loops')
    await driven.session.page().evaluate(() => void (document.cookie = 'login=1'))
    await driven.click('#always')
    await hangsAfter('always')
    driven.viewer.send({ type: 'stop-page' })
    expect((await driven.viewer.notice('stopped')).how).not.toBe('stands')
    await driven.event('page-stopped', 'emptied')
    await driven.go('/')
    expect(await driven.session.page().evaluate(() => document.cookie)).toContain('login=1')
  })
})

it('what a site asks for is denied and told, and allowed by the person for this session', async () => {
  await driven.go('/permissions')
  await driven.click('#place')
  await driven.noted('refused=1')
  const { asked } = await driven.viewer.notice('permissions', ({ asked: each }) => each.length === 1)
  expect(asked).toMatchObject([{ name: 'geolocation', origin: driven.site.url }])
  await driven.event('permission-asked', 'geolocation')
  driven.viewer.send({ type: 'permit', request: asked[0]?.id ?? '', allow: true })
  await driven.event('permission-allowed', 'geolocation')
  await driven.click('#state')
  await driven.noted('state=granted')
})

it('notifications, camera and microphone are asked for one by one, and each stays as the person has said', async () => {
  await driven.go('/permissions')
  await driven.click('#notify')
  await driven.noted('notify=denied')
  await driven.click('#meet')
  await driven.noted('meet=')
  const { asked } = await driven.viewer.notice('permissions', ({ asked: each }) => each.length === 3)
  expect(asked.map(({ name }) => name)).toEqual(['notifications', 'camera', 'microphone'])
  for (const { id, name } of asked) driven.viewer.send({ type: 'permit', request: id, allow: name !== 'microphone' })
  for (const name of ['notifications', 'camera']) await driven.event('permission-allowed', name)
  await driven.click('#states')
  await driven.noted('all=granted,denied,granted')
  await driven.click('#notify')
  await driven.noted('notify=granted')
  // What was decided is not asked again.
  await driven.click('#meet')
  await driven.noted('notify=granted meet=')
  expect(driven.session.permissions.list()).toEqual([])
})

it('the page is laid out for the view while it drives, sharp, and as before when it gives back', async () => {
  await driven.go('/')
  const size = () => driven.session.page().evaluate(() => [innerWidth, innerHeight, devicePixelRatio])
  driven.viewer.show({ maxWidth: 1_800, maxHeight: 1_200 })
  driven.viewer.send({ type: 'viewport', size: { width: 900, height: 600, scale: 2 } })
  await eventually('it follows', async () => (await size()).join() === '900,600,2')
  await eventually('a sharp picture', () => driven.viewer.frames.some(({ width, jpeg }) => width === 900 && widthOf(jpeg) === 1_800))
  await driven.session
    .page()
    .evaluate(() => addEventListener('mousedown', ({ clientX, clientY }) => (document.title = `${clientX},${clientY}`)))
  driven.viewer.click({ x: 200, y: 300 })
  await eventually('a click lands where it was meant', async () => (await driven.session.page().title()) === '200,300')
  driven.viewer.send({ type: 'give-back' })
  await eventually('it is as before', async () => (await size()).join() === '1280,800,1')
})

/** Goes to a page that stands still in a request; it goes on when what was sent meanwhile has reached its browser. */
async function whileItStands(path: string, send: () => void): Promise<void> {
  const page = driven.session.page()
  const stands = page.waitForRequest(`${driven.site.url}/slow.bin`)
  let loaded = false
  const going = page.goto(driven.site.url + path).finally(() => (loaded = true))
  await stands
  send()
  driven.viewer.socket.ping()
  await once(driven.viewer.socket, 'pong')
  await page.browser().version()
  await eventually('it is loaded', () => (driven.site.finishSlow(), loaded))
  await going
}

async function select(selector: string): Promise<void> {
  const { x, y } = await driven.placeOf(selector)
  for (const clicks of [1, 2, 3])
    for (const action of ['down', 'up'] as const) driven.viewer.send({ type: 'mouse', action, x, y, button: 'left', clicks })
  await eventually('it is selected', () => driven.session.page().evaluate(() => getSelection()?.isCollapsed === false))
}

/** Ctrl with a letter, after Ctrl with another one. */
function press(letter: string, keyCode: number, before?: string): void {
  if (before !== undefined) press(before, before.toUpperCase().charCodeAt(0))
  if (before !== undefined) return
  const key = { key: letter, code: `Key${letter.toUpperCase()}`, keyCode, modifiers: 2 }
  for (const action of ['down', 'up'] as const) driven.viewer.send({ type: 'key', action, ...key })
}

async function rightClick(selector: string): Promise<void> {
  const { x, y } = await driven.placeOf(selector)
  for (const action of ['down', 'up'] as const) driven.viewer.send({ type: 'mouse', action, x, y, button: 'right', clicks: 1 })
}

function widthOf(jpeg: Buffer): number {
  for (let at = 2; at < jpeg.length; at += 2 + jpeg.readUInt16BE(at + 2)) {
    const marker = jpeg.readUInt8(at + 1)
    if (marker >= 0xc0 && marker <= 0xc3) return jpeg.readUInt16BE(at + 7)
  }
  throw new Error('no frame in this JPEG')
}
