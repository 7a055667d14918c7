import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { dialogPatience, Dialogs, type AskedDialog, type DialogAnswer } from '../../../../server/browsers/page/dialogs.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const confirm: AskedDialog = { kind: 'confirm', message: 'Release?', defaultText: '', host: 'site.test' }

function desk(driven: boolean) {
  const recorded: unknown[] = []
  const replies: DialogAnswer[] = []
  const state = { driven }
  const clock = { monotonic: () => 0 }
  const dialogs = new Dialogs({ clock, driven: () => state.driven, record: (kind, facts) => void recorded.push([kind, facts]) })
  const ask = (asked = confirm, page = 'page'): void => dialogs.opened(page, asked, (answer) => void replies.push(answer))
  return { dialogs, recorded, replies, state, ask }
}

it('that nobody sees is refused at once, and a page that is being left may be left', () => {
  const { ask, replies, recorded, dialogs } = desk(false)
  ask()
  ask({ ...confirm, kind: 'beforeunload', message: '' })
  expect(replies).toEqual([{ accept: false }, { accept: true }])
  expect(recorded).toEqual([['dialog-dismissed', { said: 'Release?' }]])
  expect(dialogs.list()).toEqual([])
})

it('that the person does not answer in time is refused and recorded', () => {
  const { ask, replies, recorded, dialogs } = desk(true)
  ask()
  expect([replies, dialogs.isOpenOn('page'), dialogs.isOpenOn('other')]).toEqual([[], true, false])
  vi.advanceTimersByTime(dialogPatience)
  expect(replies).toEqual([{ accept: false }])
  expect(recorded.at(-1)).toEqual(['dialog-answered', { kind: 'confirm', how: 'late', said: 'Release?' }])
  expect(dialogs.isOpenOn('page')).toBe(false)
})

it('is left to a program that watches its page, until that is gone', () => {
  const { dialogs, ask, replies, recorded } = desk(false)
  const end = dialogs.watchedBy((page) => page === 'page')
  ask()
  expect([replies, recorded]).toEqual([[], [['dialog-shown', { kind: 'confirm', said: 'Release?' }]]])
  end()
  ask()
  expect(replies.at(-1)).toEqual({ accept: false })
})

it('is over for the person when a program has answered it or its page has gone', () => {
  const { dialogs, ask, replies, recorded } = desk(true)
  ask()
  const [dialog] = dialogs.list()
  dialogs.closed('page')
  expect(recorded.at(-1)).toMatchObject(['dialog-answered', { how: 'elsewhere' }])
  expect([dialogs.answer(dialog?.id ?? '', { accept: true }), replies]).toEqual([false, []])
})
