/** Which element stands at a place of a page, and by what selectors it is found. */
import type { Frame, Page } from 'puppeteer-core'
import { drive } from '../page/drive.ts'
import { evaluateIsolated } from '../page/isolated.ts'
import { selectorsOf } from '../login-recording/selectors-of.ts'
import type { Session } from '../session/session.ts'
import type { Box, Picked } from '../contract/trial.ts'
import { rowOf } from './row-of.ts'

/** `x` and `y` in CSS px of the page. Throws what `drive` throws. */
export function pickAt(session: Session, x: number, y: number): Promise<Picked> {
  return drive(session, () => pickIn(session.page(), x, y))
}

async function pickIn(page: Page, x: number, y: number): Promise<Picked> {
  let frame: Frame = page.mainFrame()
  let offset = { x: 0, y: 0 }
  for (;;) {
    const source = `(${look.toString()})(${selectorsOf.toString()}, ${rowOf.toString()}, ${x - offset.x}, ${y - offset.y})`
    const seen = await evaluateIsolated<[], ReturnType<typeof look>>(frame, source)
    if (seen === null) return { selectors: [], box: null, text: '', row: null }
    const inner = seen.isFrame ? await frameAt(frame, seen.box) : null
    if (inner === null) {
      const { selectors, text, row, box } = seen
      return { selectors, text, row, box: { ...box, x: box.x + offset.x, y: box.y + offset.y } }
    }
    offset = { x: offset.x + seen.content.x, y: offset.y + seen.content.y }
    frame = inner
  }
}

/** The frame that the element of this place shows. */
async function frameAt(around: Frame, box: Box): Promise<Frame | null> {
  for (const frame of around.childFrames()) {
    const element = await frame.frameElement()
    const own = await element?.evaluate((shown) => {
      const { x, y } = shown.getBoundingClientRect()
      return { x, y }
    })
    element?.dispose().catch(() => undefined)
    if (own?.x === box.x && own.y === box.y) return frame
  }
  return null
}

/** Runs inside a frame, so it must stand on its own; `name` is what names elements, and `within` what finds the row around one. */
function look(
  name: (element: Element) => string[],
  within: typeof rowOf,
  x: number,
  y: number,
): (Omit<Picked, 'box'> & { box: Box; isFrame: boolean; content: { x: number; y: number } }) | null {
  let found = document.elementFromPoint(x, y)
  while (found?.shadowRoot != null) {
    const deeper: Element | null = found.shadowRoot.elementFromPoint(x, y)
    if (deeper === null || deeper === found) break
    found = deeper
  }
  if (found === null || found === document.documentElement || found === document.body) return null
  const isFrame = found instanceof HTMLIFrameElement
  const meant = isFrame ? found : (found.closest('button, a, input, select, textarea, label, [role=button], summary') ?? found)
  const { x: left, y: top, width, height } = meant.getBoundingClientRect()
  return {
    selectors: name(meant),
    row: within(found, name),
    text: ((meant as HTMLElement).innerText ?? '').replace(/\s+/g, ' ').trim().slice(0, 80),
    box: { x: left, y: top, width, height },
    isFrame,
    content: { x: left + meant.clientLeft, y: top + meant.clientTop },
  }
}
