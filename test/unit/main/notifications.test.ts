import { describe, expect, test } from 'vitest'
import { AttentionWatch, Notifier, type OpenItem } from '../../../main/notifications.ts'
import type { DesktopMessage } from '../../../preload/schema.ts'
import { createElectron } from '../../fakes/electron.ts'

const item = (id: string, room = 'browsers'): OpenItem => ({ id, title: `Session ${id} needs you`, text: 'A captcha waits', room })

describe('a notification', () => {
  const notifier = (watched: boolean) => {
    const { Notification, facts } = createElectron()
    const opened: (string | undefined)[] = []
    return {
      facts,
      opened,
      notifier: new Notifier({
        supported: () => true,
        create: (options) => new Notification(options),
        watched: () => watched,
        open: (path) => opened.push(path),
        icon: '',
      }),
    }
  }

  test('opens the page it is about', () => {
    const { facts, opened, notifier: shown } = notifier(false)
    shown.show({ title: 'A', text: 'B', path: '/browsers' })
    expect(facts.notifications.map(({ title, body, shown: visible }) => [title, body, visible])).toEqual([['A', 'B', true]])
    facts.notifications[0]?.emit('click')
    expect(opened).toEqual(['/browsers'])
  })

  test('is not shown to someone who looks at the window', () => {
    const { facts, notifier: shown } = notifier(true)
    shown.show({ title: 'A', text: 'B' })
    expect(facts.notifications).toEqual([])
  })

  test('does not outlive the app', () => {
    const { facts, notifier: shown } = notifier(false)
    shown.show({ title: 'A', text: 'B' })
    shown.dispose()
    expect(facts.notifications[0]?.shown).toBe(false)
  })
})

describe('what newly needs the person', () => {
  const watch = () => {
    const state: { items: OpenItem[]; reads: number } = { items: [], reads: 0 }
    const shown: DesktopMessage[] = []
    const attention = new AttentionWatch(
      () => {
        state.reads++
        return Promise.resolve(state.items)
      },
      (message) => shown.push(message),
    )
    return { state, shown, check: (...items: OpenItem[]) => ((state.items = items), attention.check(items.map(({ id }) => id))) }
  }

  test('is told once, with the page of its room', async () => {
    const { shown, check } = watch()
    await check()
    await check(item('a'))
    await check(item('a'))
    expect(shown).toEqual([{ title: 'Session a needs you', text: 'A captcha waits', path: '/browsers' }])
  })

  test('is not told of what was open at the start', async () => {
    const { shown, check } = watch()
    await check(item('a'))
    await check(item('a'), item('b', 'control'))
    expect(shown).toEqual([{ title: 'Session b needs you', text: 'A captcha waits', path: '/' }])
  })

  test('is told as a number when it is several things at once', async () => {
    const { shown, check } = watch()
    await check()
    await check(item('a'), item('b'))
    expect(shown).toEqual([{ title: '2 things need you', text: 'Session a needs you\nSession b needs you', path: '/' }])
  })

  test('is told again when it came back', async () => {
    const { shown, check } = watch()
    await check()
    await check(item('a'))
    await check()
    await check(item('a'))
    expect(shown).toHaveLength(2)
  })

  test('is read only when there is something new', async () => {
    const { state, check } = watch()
    await check()
    await check(item('a'))
    await check(item('a'))
    expect(state.reads).toBe(1)
  })

  test('is told when it begins as another ends, also while that one is still read', async () => {
    const { shown, check } = watch()
    await check()
    await Promise.all([check(item('a')), check(item('b'))])
    await check(item('c'))
    expect(shown.map(({ title }) => title)).toEqual(['a', 'b', 'c'].map((id) => `Session ${id} needs you`))
  })

  test('is read again after a failure', async () => {
    let fails = true
    const shown: DesktopMessage[] = []
    const attention = new AttentionWatch(
      () => (fails ? Promise.reject(new Error('gone')) : Promise.resolve([item('a')])),
      (message) => shown.push(message),
    )
    await attention.check([])
    await expect(attention.check(['a'])).rejects.toThrow('gone')
    fails = false
    await attention.check(['a'])
    expect(shown).toHaveLength(1)
  })
})
