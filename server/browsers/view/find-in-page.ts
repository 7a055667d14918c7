/** Looking for a text on a page, in all of its frames. */
import { createSerialQueue } from '../../async/serial-queue.ts'
import type { FrameWorlds, World } from './frame-worlds.ts'
import { finderName, installFinder } from './find-script.ts'

export interface Found {
  text: string
  count: number
  /** The one that is shown, counted from one; 0 for none. */
  current: number
}

export interface Finder {
  /** The next one after that which is shown, or the one before it; the first of a text that is new. */
  find(text: string, backward: boolean): Promise<Found>
}

export function createFinder(worlds: FrameWorlds): Finder {
  const work = createSerialQueue()
  let text = ''
  let places: { world: World; index: number }[] = []
  let current = -1

  return {
    // Typing asks anew with each letter: one after another, so that what is shown belongs to what is marked.
    find: (wanted, backward) =>
      work.run(async () => {
        if (wanted !== text) await mark(wanted)
        else if (places.length > 0) current = (current + (backward ? -1 : 1) + places.length) % places.length
        await show()
        return { text, count: places.length, current: current + 1 }
      }),
  }

  async function mark(wanted: string): Promise<void> {
    text = wanted
    const counted = await Promise.all(
      worlds
        .all()
        .map(async (world) => ({ world, count: Number(await worlds.run(world, installFinder, finderName, 'mark', wanted)) || 0 })),
    )
    places = counted.flatMap(({ world, count }) => Array.from({ length: count }, (_, index) => ({ world, index })))
    current = places.length === 0 ? -1 : 0
  }

  async function show(): Promise<void> {
    const shown = places[current]
    await Promise.all(
      [...new Set(places.map(({ world }) => world))].map((world) =>
        worlds.run(world, installFinder, finderName, 'show', world === shown?.world ? shown.index : -1),
      ),
    )
  }
}
