import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { press } from '../../../../server/browsers/page/form.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { patience } from '../../../fixtures/patience.ts'
import { drive, type Driven } from './driven.ts'

let driven: Driven

beforeAll(async () => {
  driven = await drive()
})
beforeEach(() => driven.viewer.forget())
afterAll(() => driven.stop())

it('lists, pickers and file choosers are the browser’s own for programs once the person has given back, and theirs again when they take over', async () => {
  await driven.go('/controls')
  const page = driven.session.page()
  const file = join(driven.served.context.dataDir, 'given.csv')
  writeFileSync(file, 'id')
  for (const round of [1, 2]) {
    expect(await chosen('#terminal')).toMatchObject({ kind: 'select' })
    await giveBack()
    const before = await page.$eval('#terminal', (list) => (list as HTMLSelectElement).value)
    await page.click('#terminal')
    await page.keyboard.press(round === 1 ? 'ArrowDown' : 'ArrowUp')
    await page.keyboard.press('Enter')
    await eventually(
      'the list has another value',
      async () => (await page.$eval('#terminal', (list) => (list as HTMLSelectElement).value)) !== before,
    )
    await page.click('#date')
    await page.keyboard.press('Escape')
    const [chooser] = await Promise.all([page.waitForFileChooser(), page.click('#one')])
    await chooser.accept([file])
    await driven.noted('given.csv:id')
    expect(driven.viewer.notices.filter(({ type }) => type === 'choice')).toHaveLength(round)
    expect(driven.viewer.notices.filter(({ type }) => type === 'chooser')).toHaveLength(round - 1)
    await takeOver()
    await driven.click('#one')
    expect(await driven.viewer.notice('chooser')).toMatchObject({ accept: '.csv' })
  }
})

it.each([
  ['a list', '#terminal'],
  ['a calendar', '#date'],
])('%s that a program left open stops neither its page at the back, nor its operations, nor who takes over', async (_, selector) => {
  await driven.go('/controls')
  await giveBack()
  const page = driven.session.page()
  await page.click(selector)
  const other = await driven.session.pages.open()
  await eventually('another page is in front', () => driven.session.pages.active()?.id === other)
  await press(page, selector, AbortSignal.timeout(patience))
  await page.click(selector)
  await page.click(selector)
  expect(await page.evaluate(() => document.querySelectorAll('select').length)).toBe(1)
  driven.session.pages.close(other)
  await eventually('the first is in front again', () => driven.session.pages.active()?.page === page)
  await takeOver()
  expect((await chosen(selector)).value).not.toBe('')
})

it('a session ends while a list is open', async () => {
  await driven.go('/framed')
  await giveBack()
  await driven.session.page().frames()[1]?.click('#terminal')
  expect((await driven.served.remove(`/v1/browser-sessions/${driven.session.id}`)).status).toBe(204)
})

async function chosen(selector: string) {
  await driven.click(selector)
  return (await driven.viewer.notice('choice')).choice
}

async function giveBack(): Promise<void> {
  driven.viewer.send({ type: 'give-back' })
  await driven.viewer.notice('control', ({ holder }) => holder === 'nobody')
}

async function takeOver(): Promise<void> {
  driven.viewer.send({ type: 'take-over' })
  await driven.viewer.notice('control', ({ holder }) => holder === 'you')
}
