/** Errors that reach no promise go to what they came from. The process-wide net is tested in a process of its own. */
import { EventEmitter } from 'node:events'
import { expect, it } from 'vitest'
import { contained, escape, originNow, reasonOf, within, withinRoom, type Escape, type Scope } from '../../server/isolation.ts'

interface Heard {
  scope: Scope
  escaped: string[]
}

function scopeOf(id: string, more: Partial<Scope> = {}): Heard {
  const escaped: string[] = []
  return { escaped, scope: { room: 'bots', kind: 'bot', id, escaped: (_, reason) => void escaped.push(reason), ...more } }
}

it('hands what a callback throws to the scope it was contained in, and not to who calls', () => {
  const bot = scopeOf('a')
  const socket = new EventEmitter()
  socket.on(
    'frame',
    contained(bot.scope, () => {
      throw new Error('cannot decrypt')
    }),
  )
  expect(() => socket.emit('frame')).not.toThrow()
  expect(bot.escaped).toEqual(['cannot decrypt'])
})

it('hands the failure of an async callback to the scope', async () => {
  const bot = scopeOf('a')
  contained(bot.scope, async () => {
    throw new Error('later')
  })()
  await Promise.resolve()
  await Promise.resolve()
  expect(bot.escaped).toEqual(['later'])
})

it('leaves what the work itself throws to its caller', () => {
  const bot = scopeOf('a')
  expect(() =>
    within(bot.scope, () => {
      throw new Error('mine')
    }),
  ).toThrow('mine')
  expect(bot.escaped).toEqual([])
})

it('hands on what a scope cannot deal with to the one around it, with the first error as its cause', async () => {
  const causes: unknown[] = []
  const room = scopeOf('bots', { kind: 'room', escaped: (error) => void causes.push(error.message, error.cause) })
  const bot = scopeOf('a', {
    escaped: () => {
      throw new Error('cannot be ended')
    },
  })
  const first = new Error('first')
  within(room.scope, () => within(bot.scope, () => escape(first)))
  const slow = scopeOf('b', { escaped: () => Promise.reject(new Error('nor later')) })
  within(room.scope, () => within(slow.scope, () => escape(first)))
  await new Promise(setImmediate)
  expect(causes).toEqual(['cannot be ended', first, 'nor later', first])
})

it('counts an error once, with the innermost origin, however far it is handed on', () => {
  const told: Escape[] = []
  const room = scopeOf('bots', { kind: 'room' })
  const bot = scopeOf('a', {
    escaped: () => {
      throw new Error('cannot be ended')
    },
  })
  withinRoom(
    room.scope,
    (one) => told.push(one),
    () => within(bot.scope, () => escape(new Error('once'))),
  )
  expect(told.map(({ reason, origin }) => [reason, origin])).toEqual([['once', { room: 'bots', kind: 'bot', id: 'a' }]])
  expect(room.escaped).toEqual(['cannot be ended'])
})

it('ends the fault although the one who counts fails', () => {
  const bot = scopeOf('a')
  withinRoom(
    scopeOf('bots').scope,
    () => {
      throw new Error('the disk is full')
    },
    () => within(bot.scope, () => escape(new Error('ended all the same'))),
  )
  expect(bot.escaped).toEqual(['ended all the same'])
})

it('gives what a request left running to the scope around the request', () => {
  const room = scopeOf('bots', { kind: 'room' })
  const request = scopeOf('GET /', { kind: 'request', passing: true })
  const bot = scopeOf('a', {
    escaped: () => {
      throw new Error('outward')
    },
  })
  within(room.scope, () => within(request.scope, () => within(bot.scope, () => escape(new Error('first')))))
  expect(request.escaped).toEqual([])
  expect(room.escaped).toEqual(['outward'])
})

it('does not come back to a handler with what it let escape itself', () => {
  const room = scopeOf('bots', { kind: 'room' })
  const bot = scopeOf('a', { escaped: () => escape(new Error('of the handler')) })
  within(room.scope, () => within(bot.scope, () => escape(new Error('first'))))
  expect(room.escaped).toEqual(['of the handler'])
})

it('knows what is running now', async () => {
  await within(scopeOf('a').scope, async () => {
    await new Promise(setImmediate)
    expect(originNow()).toEqual({ room: 'bots', kind: 'bot', id: 'a' })
  })
  expect(originNow()).toBeNull()
})

it.each([
  [
    'an address with user, password and query',
    new Error('connect wss://ann:harbor-demo@host.test/a/b?token=harbor-demo failed'),
    'connect wss://host.test/a/b failed',
  ],
  ['more than one line', new Error('first\n    at somewhere'), 'first'],
  ['no words', new RangeError(''), 'RangeError'],
  ['what is no error', 'text', 'text'],
  ['nothing', undefined, 'undefined'],
])('shows the reason of %s without what is secret or long', (_, thrown, shown) => {
  expect(reasonOf(thrown)).toBe(shown)
})
