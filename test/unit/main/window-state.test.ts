import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { placeWindow, WindowStateFile } from '../../../main/window-state.ts'
import { temporaryFolder } from '../../fakes/kernel.ts'

const primary = { x: 0, y: 25, width: 1920, height: 1015 }
const left = { x: -1280, y: 0, width: 1280, height: 1024 }

describe('where the window opens', () => {
  test('where it was, also on a second screen left of the first', () => {
    const saved = { x: -1200, y: 40, width: 1100, height: 800 }
    expect(placeWindow(saved, [primary, left])).toEqual(saved)
  })

  test('in the middle of the first screen when its own is gone, in its size', () => {
    expect(placeWindow({ x: -1200, y: 40, width: 1100, height: 800 }, [primary])).toEqual({ x: 410, y: 133, width: 1100, height: 800 })
  })

  test.each([
    ['above the screen', { x: 200, y: -400, width: 1000, height: 700 }],
    ['below the screen', { x: 200, y: 1035, width: 1000, height: 700 }],
    ['all but a strip right of it', { x: 1850, y: 100, width: 1000, height: 700 }],
  ])('in the middle again when its title bar lies %s', (_where, saved) => {
    expect(placeWindow(saved, [primary])).toEqual({ x: 460, y: 183, width: 1000, height: 700 })
  })

  test('no larger than the screen, no smaller than what can be used', () => {
    expect(placeWindow({ x: 0, y: 25, width: 4000, height: 3000 }, [primary])).toMatchObject({ width: 1920, height: 1015 })
    expect(placeWindow({ x: 10, y: 30, width: 200, height: 100 }, [primary])).toMatchObject({ width: 960, height: 600 })
  })

  test('in the middle at the first start, and somewhere at all without a screen', () => {
    expect(placeWindow(null, [primary])).toEqual({ x: 280, y: 103, width: 1360, height: 860 })
    expect(placeWindow(null, [])).toMatchObject({ width: 1360 })
  })
})

describe('the file', () => {
  test('keeps what was changed for the next start, and leaves nothing half-written', () => {
    const folder = temporaryFolder()
    const path = join(folder, 'window-state.json')
    new WindowStateFile(path).change({ bounds: { x: 1, y: 2, width: 1000, height: 700 }, maximized: true })
    expect(new WindowStateFile(path).get()).toEqual({
      bounds: { x: 1, y: 2, width: 1000, height: 700 },
      maximized: true,
      theme: 'system',
      hidingExplained: false,
    })
    expect(readdirSync(folder)).toEqual(['window-state.json'])
  })

  test.each(['', 'not json', '[]', '{"bounds": {"x": "left"}, "maximized": 3, "theme": "pink"}'])('starts afresh from %j', (content) => {
    const path = join(temporaryFolder(), 'window-state.json')
    writeFileSync(path, content)
    expect(new WindowStateFile(path).get()).toEqual({ bounds: null, maximized: false, theme: 'system', hidingExplained: false })
  })

  test('keeps the good values beside a bad one', () => {
    const path = join(temporaryFolder(), 'window-state.json')
    writeFileSync(path, '{"bounds": null, "theme": "dark", "maximized": "yes"}')
    expect(new WindowStateFile(path).get()).toMatchObject({ theme: 'dark', maximized: false })
  })

  test('a place that cannot be written is no failure', () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'file'), '')
    const state = new WindowStateFile(join(folder, 'file', 'window-state.json'))
    state.change({ theme: 'dark' })
    expect(state.get().theme).toBe('dark')
  })
})
