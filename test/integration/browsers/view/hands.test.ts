import { readdirSync } from 'node:fs'
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

const files = (path = '') => `/v1/browser-sessions/${driven.session.id}${path}`

describe('a list', () => {
  it.each([
    ['of the page', '/controls', '#terminal', false],
    ["of another site's frame", '/framed', '#terminal', true],
    ['in a shadow root', '/shadow', '>>> #terminal', false],
  ])('%s is shown to the person, and what they choose is set as by a choice', async (_, path, selector, inFrame) => {
    await driven.go(path)
    const at = await driven.placeOf(selector, inFrame)
    const choice = await openChoice(selector, inFrame)
    expect(choice).toMatchObject({ kind: 'select', label: expect.stringContaining('Terminal'), value: 'n1' })
    expect(choice.options.map(({ text, group, disabled }) => [text, group, disabled])).toEqual([
      ['North one', 'North', false],
      ['North two', 'North', false],
      ['South one', 'South', true],
      ['West', null, false],
    ])
    expect(Math.abs(choice.place.x + choice.place.width / 2 - at.x)).toBeLessThan(2)
    expect(Math.abs(choice.place.y + choice.place.height / 2 - at.y)).toBeLessThan(2)
    driven.viewer.send({ type: 'choose', choice: choice.id, value: '3' })
    await driven.noted('input terminal=w')
  })

  it('of a page that has written itself anew is shown to the person', async () => {
    await driven.go('/controls')
    await driven.session.page().evaluate(() => {
      const written = document.documentElement.outerHTML
      document.open()
      document.write(written)
      document.close()
    })
    const choice = await openChoice('#terminal')
    driven.viewer.send({ type: 'choose', choice: choice.id, value: '3' })
    await driven.noted('input terminal=w')
  })

  it('can be opened by the keyboard and left alone', async () => {
    await driven.go('/controls')
    const first = await openChoice('#terminal')
    driven.viewer.send({ type: 'choose', choice: first.id, value: null })
    driven.viewer.key(' ', 32)
    const { choice } = await driven.viewer.notice('choice')
    expect(choice.place.x).toBeCloseTo(first.place.x, 0)
    driven.viewer.send({ type: 'choose', choice: choice.id, value: '1' })
    await driven.noted('terminal=n2')
  })
})

it.each([
  ['#date', 'date', '2026-11-20', '2026-11-24', 'date=2026-11-24'],
  ['#colour', 'color', '#112233', '#aabbcc', 'colour=#aabbcc'],
])('the picker of %s is shown to the person and sets what they pick', async (selector, kind, before, after, noted) => {
  await driven.go('/controls')
  const choice = await openChoice(selector)
  expect(choice).toMatchObject({ kind, value: before })
  driven.viewer.send({ type: 'choose', choice: choice.id, value: after })
  await driven.noted(noted)
})

describe('a page that asks for files', () => {
  it('is handed those that the person uploads, by their names', async () => {
    await driven.go('/controls')
    const ids = await Promise.all([upload('bericht ä.txt', 'eins'), upload('../../two.txt', 'zwei')])
    driven.viewer.click(await driven.placeOf('#many'))
    const chooser = await driven.viewer.notice('chooser')
    expect(chooser).toMatchObject({ multiple: true, accept: '' })
    driven.viewer.send({ type: 'files', chooser: chooser.chooser, files: ids })
    await driven.noted('bericht ä.txt:eins+two.txt:zwei')
  })

  it('says what it accepts, and hears that the person gives none', async () => {
    await driven.go('/controls')
    await driven.click('#one')
    const chooser = await driven.viewer.notice('chooser')
    expect(chooser).toMatchObject({ multiple: false, accept: '.csv' })
    driven.viewer.send({ type: 'files', chooser: chooser.chooser, files: [] })
    await driven.noted('cancelled')
  })
})

describe('a dialog', () => {
  it('waits for the person, who gives either answer', async () => {
    await driven.go('/dialogs')
    const watcher = await driven.watch()
    await driven.click('#confirm')
    const dialog = await shownDialog()
    expect(dialog).toMatchObject({ kind: 'confirm', message: 'Release the hold?', host: new URL(driven.site.url).host })
    expect(dialog.secondsLeft).toBeGreaterThan(0)
    watcher.send({ type: 'answer', dialog: dialog.id, accept: true })
    expect(await watcher.notice('problem')).toMatchObject({ message: 'Take over first, then type' })
    driven.viewer.send({ type: 'answer', dialog: dialog.id, accept: true })
    await driven.noted('confirm=true')
    await driven.event('dialog-answered', 'accepted')

    await driven.click('#confirm')
    driven.viewer.send({ type: 'answer', dialog: (await shownDialog()).id, accept: false })
    await driven.noted('confirm=false')
  })

  it('that asks for text gets what the person types', async () => {
    await driven.go('/dialogs')
    await driven.click('#prompt')
    const dialog = await shownDialog()
    expect(dialog).toMatchObject({ kind: 'prompt', defaultText: 'BK-1' })
    driven.viewer.send({ type: 'answer', dialog: dialog.id, accept: true, text: 'BK-88210' })
    await driven.noted('prompt=BK-88210')
  })

  it('asks whether the page may be left', async () => {
    await driven.go('/dialogs')
    await driven.click('#guard')
    await driven.click('#away')
    driven.viewer.send({ type: 'answer', dialog: (await shownDialog('beforeunload')).id, accept: false })
    await driven.event('dialog-answered', 'beforeunload')
    expect(driven.session.page().url()).toContain('/dialogs')
    await driven.click('#away')
    driven.viewer.send({ type: 'answer', dialog: (await shownDialog('beforeunload')).id, accept: true })
    await eventually('it was left', () => driven.session.page().url() === `${driven.site.url}/`)
  })

  it('is refused when the person gives back, and at once while nobody drives', async () => {
    await driven.go('/dialogs')
    await driven.click('#confirm')
    await shownDialog()
    driven.viewer.send({ type: 'give-back' })
    await driven.noted('confirm=false')
    await driven.event('dialog-answered', 'abandoned')
    await driven.session.page().click('#alert')
    await driven.noted('alerted')
    await driven.event('dialog-dismissed', 'Saved')
    driven.viewer.send({ type: 'take-over' })
    await driven.viewer.notice('control', ({ holder }) => holder === 'you')
  })
})

describe('what a page downloads', () => {
  it('arrives with the session, is told, listed, fetched and removed', async () => {
    await driven.go('/files')
    await driven.click('#csv')
    const { download } = await driven.viewer.notice('download', ({ download: each }) => each.state === 'done')
    expect(download).toMatchObject({ name: 'containers-north.csv', receivedBytes: 18 })
    const listed = await driven.served.get(files('/downloads'))
    expect(listed.body).toMatchObject({ policy: 'allow', downloads: [{ id: download.id, state: 'done', totalBytes: 18 }] })
    const fetched = await fetch(driven.served.url + files(`/downloads/${download.id}`), { headers: { 'x-api-key': 'a-key-for-tests' } })
    expect(await fetched.text()).toBe('id,size\nTRHU,40HC\n')
    expect(fetched.headers.get('content-disposition')).toContain('filename="containers-north.csv"')
    await driven.event('download-ended', 'containers-north.csv')
    expect((await driven.served.remove(files(`/downloads/${download.id}`))).status).toBe(204)
    expect((await driven.served.get(files(`/downloads/${download.id}`))).status).toBe(404)
    expect((await driven.served.get(files('/downloads'))).body.downloads).toEqual([])
  })

  it('can be stopped, and leaves nothing behind', async () => {
    await driven.go('/files')
    await driven.click('#slow')
    const { download } = await driven.viewer.notice('download', ({ download: each }) => each.receivedBytes > 0)
    expect((await driven.served.get(files(`/downloads/${download.id}`))).status).toBe(409)
    await driven.served.post(files(`/downloads/${download.id}/stop`))
    await driven.viewer.notice('download', ({ download: each }) => each.state === 'stopped')
    await eventually('no part of it is left', () => parts().length === 0)
    await driven.served.remove(files(`/downloads/${download.id}`))
  })

  it('is never where its name would lead, and comes for programs as well', async () => {
    await driven.go('/files')
    await driven.session.page().click('#odd')
    const { download } = await driven.viewer.notice('download', ({ download: each }) => each.state === 'done')
    expect(download.name).toMatch(/^[^/\\\u202e]*passwd[^/\\]*\.csv$/)
    expect(parts()).toEqual([download.id])
  })

  const parts = (): string[] =>
    readdirSync(join(driven.served.context.dataDir, 'browsers', 'downloads', driven.session.id)).filter(
      (name) => !name.startsWith('downloads.json'),
    )
})

async function openChoice(selector: string, inFrame = false) {
  const at = await driven.placeOf(selector, inFrame)
  driven.viewer.click(at)
  return (await driven.viewer.notice('choice')).choice
}

async function shownDialog(kind?: string) {
  const { dialogs } = await driven.viewer.notice('dialogs', ({ dialogs: each }) =>
    each.some((one) => kind === undefined || one.kind === kind),
  )
  const [dialog] = dialogs
  if (dialog === undefined) throw new Error('no dialog')
  return dialog
}

async function upload(name: string, content: string): Promise<string> {
  const answer = await fetch(`${driven.served.url}${files('/uploads')}?name=${encodeURIComponent(name)}`, {
    method: 'POST',
    headers: { 'x-api-key': 'a-key-for-tests' },
    body: content,
  })
  expect(answer.status).toBe(201)
  return ((await answer.json()) as { id: string }).id
}
