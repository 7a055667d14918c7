/** Keeps where the window was, and repairs a place that is no longer on any screen. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'

const bounds = z.object({
  x: z.number().int(),
  y: z.number().int(),
  width: z.number().int().positive(),
  height: z.number().int().positive(),
})
export type Bounds = z.output<typeof bounds>

const windowState = z.object({
  /** Null until the window was moved or resized once. */
  bounds: bounds.nullable().catch(null),
  maximized: z.boolean().catch(false),
  /** The theme last chosen: known before the server has read its settings, so that the window does not flash. */
  theme: z.enum(['system', 'light', 'dark']).catch('system'),
  /** True once the person was told where the window goes when it is closed. */
  hidingExplained: z.boolean().catch(false),
})
export type WindowState = z.output<typeof windowState>

export const smallestWindow = { width: 960, height: 600 }
const firstWindow = { width: 1360, height: 860 }

export class WindowStateFile {
  readonly #path: string
  #state: WindowState

  constructor(path: string) {
    this.#path = path
    this.#state = readState(path)
  }

  get(): WindowState {
    return this.#state
  }

  /** Losing a window's place is no reason to bother anyone, so a disk that cannot be written is left alone. */
  change(change: Partial<WindowState>): void {
    const before = JSON.stringify(this.#state)
    this.#state = { ...this.#state, ...change }
    if (JSON.stringify(this.#state) === before) return
    try {
      mkdirSync(dirname(this.#path), { recursive: true })
      writeFileSync(`${this.#path}.new`, `${JSON.stringify(this.#state, null, 2)}\n`)
      renameSync(`${this.#path}.new`, this.#path)
    } catch {
      return
    }
  }
}

/**
 * Where to open: the saved place when a person could still reach its title bar, else its size in the middle of the first screen.
 * `workAreas` are the screens without panels and docks, the primary one first.
 */
export function placeWindow(saved: Bounds | null, workAreas: readonly Bounds[]): Bounds {
  const [primary] = workAreas
  if (primary === undefined) return { x: 0, y: 0, ...firstWindow }
  const area = (saved === null ? undefined : workAreas.find((candidate) => titleBarReachable(saved, candidate))) ?? primary
  const wanted = saved ?? { ...firstWindow, x: Number.NaN, y: Number.NaN }
  const width = Math.min(Math.max(wanted.width, smallestWindow.width), area.width)
  const height = Math.min(Math.max(wanted.height, smallestWindow.height), area.height)
  if (saved !== null && titleBarReachable(saved, area)) return { x: saved.x, y: saved.y, width, height }
  return { x: area.x + Math.round((area.width - width) / 2), y: area.y + Math.round((area.height - height) / 2), width, height }
}

/** At least 120 px of the title bar's length and all of its height lie on the screen. */
function titleBarReachable(window: Bounds, area: Bounds): boolean {
  const seen = Math.min(window.x + window.width, area.x + area.width) - Math.max(window.x, area.x)
  return seen >= 120 && window.y >= area.y && window.y + 32 <= area.y + area.height
}

function readState(path: string): WindowState {
  const fresh = windowState.parse({})
  try {
    const parsed = windowState.safeParse(JSON.parse(readFileSync(path, 'utf8')))
    return parsed.success ? parsed.data : fresh
  } catch {
    return fresh
  }
}
