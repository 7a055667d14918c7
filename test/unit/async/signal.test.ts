import { describe, expect, it } from 'vitest'
import { createSignal } from '../../../server/async/signal.ts'

describe('a signal', () => {
  it('calls its listeners with what was told, in the order in which they came', () => {
    const signal = createSignal<[id: string, count: number]>()
    const heard: string[] = []
    signal.subscribe((id, count) => heard.push(`first ${id} ${count}`))
    signal.subscribe((id) => heard.push(`second ${id}`))
    signal.emit('a', 1)
    expect(heard).toEqual(['first a 1', 'second a'])
  })

  it('calls nobody who has ended the subscription, also while it tells', () => {
    const signal = createSignal()
    const heard: string[] = []
    const listener = () => void heard.push('both')
    const endOne = signal.subscribe(listener)
    signal.subscribe(() => endLast())
    const endLast = signal.subscribe(() => heard.push('never'))
    signal.subscribe(listener)
    endOne()
    signal.emit()
    expect(heard).toEqual(['both'])
    expect(signal.size).toBe(2)
    signal.clear()
    signal.emit()
    expect([heard.length, signal.size]).toEqual([1, 0])
  })

  it('tells the others when one throws, and then its emitter', () => {
    const signal = createSignal()
    const heard: string[] = []
    signal.subscribe(() => {
      throw new Error('broken')
    })
    signal.subscribe(() => heard.push('second'))
    expect(() => signal.emit()).toThrow('broken')
    expect(heard).toEqual(['second'])
  })

  it('tells who was named for it what a listener throws, and not its emitter', () => {
    const errors: unknown[] = []
    const signal = createSignal((error) => errors.push(error))
    const broken = new Error('broken')
    signal.subscribe(() => {
      throw broken
    })
    signal.emit()
    expect(errors).toEqual([broken])
  })
})
