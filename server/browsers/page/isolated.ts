/** Asking a frame where its site's scripts do not hear it: what is asked may hold a secret, and a site can replace what a page can do. */
import type { ElementHandle, Frame, JSHandle } from 'puppeteer-core'

interface IsolatedRealm {
  evaluateHandle(source: string): Promise<JSHandle>
  evaluate<Args extends unknown[], Result>(work: string | ((...args: Args) => Result), ...args: Args): Promise<Awaited<Result>>
}

/** `work`: a function that stands on its own, or source. */
export function evaluateIsolated<Args extends unknown[], Result>(
  frame: Frame,
  work: string | ((...args: Args) => Result),
  ...args: Args
): Promise<Awaited<Result>> {
  return realmOf(frame).evaluate(work, ...args)
}

/** The element that `source` comes to; null where it comes to none. */
export async function isolatedElement(frame: Frame, source: string): Promise<ElementHandle<Element> | null> {
  const handle = await realmOf(frame).evaluateHandle(source)
  const element = handle.asElement() as ElementHandle<Element> | null // a node that is an element, by what the callers ask for
  if (element === null) handle.dispose().catch(() => undefined)
  return element
}

/** The same element where the site's own scripts know it. */
export function inSiteWorld(element: ElementHandle<Element>): Promise<ElementHandle<Element>> {
  // Puppeteer keeps this realm internal, too.
  const { mainRealm } = element.frame as unknown as { mainRealm(): { adoptHandle(known: typeof element): Promise<typeof element> } }
  return mainRealm.call(element.frame).adoptHandle(element)
}

/** Puppeteer keeps the realm internal, in which it runs its own queries. */
function realmOf(frame: Frame): IsolatedRealm {
  const { isolatedRealm } = frame as unknown as { isolatedRealm(): IsolatedRealm }
  return isolatedRealm.call(frame)
}
