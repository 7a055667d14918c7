/** Whether a press at an element reaches it. */
import type { ElementHandle } from 'puppeteer-core'
import { until } from './until.ts'

/**
 * A frame of another site takes no press before it has been drawn, and none takes any through what the page around it lays over it: such
 * a press goes to that page, and nobody is told. So the pointer is moved there until the frame hears it; false when it has not by the
 * time `within` aborts.
 */
export async function takesPresses(element: ElementHandle, within: AbortSignal): Promise<boolean> {
  if (element.frame.parentFrame() === null) return true
  const heard = until(async () => {
    const pointer = await element.evaluateHandle(listen)
    try {
      await element.hover()
      return (await pointer.evaluate(hasCome)) || null
    } finally {
      pointer.dispose().catch(() => undefined)
    }
  }, within)
  return heard.catch((error: unknown) => {
    if (within.aborted) return false
    throw error
  })
}

// These run inside the page.

function listen(element: Element): { come: boolean } {
  const pointer = { come: false }
  for (const event of ['pointerover', 'pointermove'])
    element.ownerDocument.defaultView?.addEventListener(event, () => (pointer.come = true), { capture: true, once: true, passive: true })
  return pointer
}

const hasCome = (pointer: { come: boolean }): boolean => pointer.come
