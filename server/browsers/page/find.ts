/** Finding elements as steps name them: by Puppeteer's selectors, in the page itself first and then in its frames. */
import type { ElementHandle, Frame, Page } from 'puppeteer-core'
import { isDoneWithin } from '../../async/deadline.ts'
import { isBetweenDocuments } from './between-documents.ts'

export interface Found {
  element: ElementHandle<HTMLElement>
  frame: Frame
  /** How many match in that frame. */
  count: number
}

/** Frames beyond this are not asked: pages with more have advertisements. */
const mostFrames = 20
/** Ms for a frame: one that hangs must not hold up the page. One that is slow gets more, by what it has taken, up to the most. */
const framePatience = 400
const mostPatience = 5_000

/** Those that are late with an answer; asking again would only add to what they have to do. */
const behind = new WeakSet<Frame>()
/** Ms that the last answer took. Without it a busy machine's frames would be late each time, and what they say be lost. */
const took = new WeakMap<Frame, number>()

/** The page's own frame, then the others that can be asked now. */
export function framesOf(page: Page): Frame[] {
  const main = page.mainFrame()
  return [main, ...page.frames().filter((frame) => frame !== main && !frame.detached && !behind.has(frame))].slice(0, mostFrames)
}

/** What a frame answers; null when it is going, or does not answer in time. The page's own frame has all the time its caller has. */
export async function ask<Answer>(page: Page, frame: Frame, question: () => Promise<Answer>): Promise<Answer | null> {
  const answer = question().catch((error: unknown): null => {
    if (isBetweenDocuments(error)) return null
    throw error
  })
  if (frame === page.mainFrame()) return answer
  const began = performance.now()
  let answered = false
  const done = answer.finally(() => {
    answered = true
    behind.delete(frame)
    took.set(frame, performance.now() - began)
  })
  done.catch(() => undefined)
  const patience = Math.min(Math.max(framePatience, 2 * (took.get(frame) ?? 0)), mostPatience)
  if (await isDoneWithin(patience, done)) return done
  if (!answered) behind.add(frame)
  return null
}

/** The first element that matches and can be seen; null when there is none now. `hidden`: also one that cannot. */
export async function find(page: Page, selector: string, { hidden = false } = {}): Promise<Found | null> {
  for (const frame of framesOf(page)) {
    const found = await ask(page, frame, () => findIn(frame, selector, hidden))
    if (found === null) continue
    if (frame === page.mainFrame() || hidden || (await isShown(frame))) return found
    found.element.dispose().catch(() => undefined)
  }
  return null
}

async function findIn(frame: Frame, selector: string, hidden: boolean): Promise<Found | null> {
  const handles = await frame.$$(selector)
  let chosen: ElementHandle | null = null
  for (const handle of handles) {
    if (chosen === null && (await handle.isVisible())) chosen = handle
  }
  chosen ??= hidden ? (handles[0] ?? null) : null
  for (const handle of handles) if (handle !== chosen) handle.dispose().catch(() => undefined)
  // The selector comes from a profile and says nothing about its type; what follows needs no more than an HTMLElement.
  return chosen === null ? null : { element: chosen as ElementHandle<HTMLElement>, frame, count: handles.length }
}

/** The frame itself can be seen. */
async function isShown(frame: Frame): Promise<boolean> {
  try {
    const element = await frame.frameElement()
    return (await element?.isVisible()) ?? true
  } catch {
    return false
  }
}

/** A selector that every browser knows, as against Puppeteer's own. */
export const isPlainCss = (selector: string): boolean => !/>>>|::-p-|^(text|aria|xpath|pierce)\//.test(selector)
