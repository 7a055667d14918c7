import { expect, test } from 'vitest'
import { Lifecycle, nextState, to, toOneOf, type LifecycleTable } from '../../server/lifecycle.ts'

type State = 'shut' | 'open' | 'gone'
type Event = 'pushed' | 'locked' | 'burnt'

const door: LifecycleTable<State, Event, { locked: boolean }> = {
  name: 'door',
  initial: 'shut',
  states: { shut: 'Nobody passes.', open: 'Anybody passes.', gone: 'There is no door.' },
  transitions: {
    shut: {
      pushed: toOneOf(['open', 'shut'], ({ locked }) => (locked ? 'shut' : 'open'), 'A lock holds.'),
      burnt: to('gone', 'Fire takes any door.'),
    },
    open: { burnt: to('gone', 'Fire takes any door.') },
    gone: {},
  },
}

function lived(locked: boolean, state?: State) {
  const seen: string[] = []
  const life = new Lifecycle(
    door,
    {
      facts: () => ({ locked }),
      onTransition: (from, next, event) => seen.push(`${from} ${event} ${next}`),
      onIllegal: (at, event) => seen.push(`${at} ${event} illegal`),
    },
    state,
  )
  return { life, seen }
}

test('a life begins where its table says and goes where the facts lead', () => {
  const { life, seen } = lived(false)
  expect(life.state).toBe('shut')
  expect(life.handle('pushed')).toBe(true)
  expect(life.state).toBe('open')
  expect(seen).toEqual(['shut pushed open'])
})

test('an event that leads where the life already is has been handled all the same', () => {
  const { life, seen } = lived(true)
  expect(life.handle('pushed')).toBe(true)
  expect(seen).toEqual(['shut pushed shut'])
})

test('what the table does not allow changes nothing and is reported with state and event', () => {
  const { life, seen } = lived(false)
  expect(life.handle('locked')).toBe(false)
  expect(life.state).toBe('shut')
  expect(seen).toEqual(['shut locked illegal'])
})

test('a kept life goes on where it was, and a final state hears nothing', () => {
  const { life, seen } = lived(false, 'gone')
  expect(life.handle('burnt')).toBe(false)
  expect(seen).toEqual(['gone burnt illegal'])
})

test('the state is set before anybody hears of it, so that a hook may handle the next event', () => {
  const life: Lifecycle<State, Event, { locked: boolean }> = new Lifecycle(door, {
    facts: () => ({ locked: false }),
    onTransition: (_from, next) => next === 'open' && life.handle('burnt'),
    onIllegal: () => expect.unreachable(),
  })
  life.handle('pushed')
  expect(life.state).toBe('gone')
})

test('the next state can be asked for without a life', () => {
  expect(nextState(door, 'open', 'burnt', { locked: false })).toBe('gone')
  expect(nextState(door, 'open', 'pushed', { locked: false })).toBeNull()
})
