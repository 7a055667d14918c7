/** What a page's own scripts do for a person's press, where no picture shows it. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { drive, type Driven } from './driven.ts'

let driven: Driven

beforeAll(async () => {
  driven = await drive()
  await driven.go('/scripts')
})
beforeEach(() => driven.viewer.forget())
afterAll(() => driven.stop())

describe("a page's own button that copies", () => {
  it.each([
    ['by the clipboard of scripts', '#copy', 'copied', { text: 'by script', html: '' }],
    ['with its form', '#copy-form', 'both', { text: 'plain', html: '<b>form</b>' }],
    ['as older pages do', '#old-copy', 'old=true', { text: 'the old way' }],
  ])('%s reaches the clipboard of the person who drives', async (_, selector, noted, copied) => {
    await driven.click(selector)
    await driven.noted(noted)
    expect(await driven.viewer.notice('copied')).toMatchObject(copied)
  })
})

describe('a picker that a script opens', () => {
  it('is shown to the person who pressed for it, and to nobody else', async () => {
    await driven.click('#pick-list')
    const { choice } = await driven.viewer.notice('choice')
    expect(choice).toMatchObject({ kind: 'select', value: 'a' })
    await driven.noted('shown')
    driven.viewer.send({ type: 'choose', choice: choice.id, value: '1' })
    await driven.noted('list=b')
    await driven.click('#pick-day')
    const day = (await driven.viewer.notice('choice')).choice
    expect(day.kind).toBe('date')
    driven.viewer.send({ type: 'choose', choice: day.id, value: '2026-11-24' })
    await driven.noted('day=2026-11-24')
  })
})

it('the suggestions of a field open by the arrow key and by its arrow, as far as they fit what it holds', async () => {
  await driven.click('#port')
  driven.viewer.key('ArrowDown', 40)
  const { choice } = await driven.viewer.notice('choice')
  expect(choice.options.map(({ text }) => text)).toEqual(['Gdansk', 'Rotterdam NL', 'Hamburg'])
  driven.viewer.send({ type: 'choose', choice: choice.id, value: '1' })
  await driven.noted('port=Rotterdam')
  const { x, y } = await driven.placeOf('#port')
  driven.viewer.click({ x: x + 75, y })
  expect((await driven.viewer.notice('choice')).choice.options).toMatchObject([{ text: 'Rotterdam NL', selected: true }])
})

it('a field has its suggestions as before when somebody writes elsewhere', async () => {
  const list = () => driven.session.page().$eval('#port', (field) => field.getAttribute('list'))
  await driven.click('#port')
  await expect.poll(list).toBe(null)
  await driven.click('#list')
  await expect.poll(list).toBe('ports')
})

it('a site finds its functions as they were, also when the person has given back', async () => {
  await driven.click('#native')
  await driven.noted('true.writeText')
  driven.viewer.send({ type: 'give-back' })
  await driven.viewer.notice('control', ({ holder }) => holder === 'nobody')
  driven.viewer.forget()
  const page = driven.session.page()
  await page.click('#pick-list')
  await page.keyboard.press('Escape')
  await page.click('#copy')
  await driven.noted('shown')
  driven.viewer.send({ type: 'take-over' })
  await driven.viewer.notice('control', ({ holder }) => holder === 'you')
  await driven.click('#pick-day')
  expect((await driven.viewer.notice('choice')).choice.kind).toBe('date')
  expect(driven.viewer.notices.filter(({ type }) => type === 'copied')).toHaveLength(3)
})
