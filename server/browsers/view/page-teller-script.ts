/**
 * What runs beside a page's own scripts while a person drives it: it tells the hands of what scripts do that shows in no picture, which is
 * putting a text on the clipboard and opening a picker. A site finds its functions as they were.
 */

/** What the hands hear in their own world, as events of these endings. */
export type PageTold = 'copied' | 'picker'

/** Runs inside the page, so it must stand on its own. */
export function installTeller(channel: string): void {
  const restore: (() => void)[] = []
  /** `told` is called in a method's place, with what that was given and a way to it. */
  const watch = (
    owner: object | undefined,
    method: string,
    told: (self: unknown, given: unknown[], native: () => unknown) => unknown,
  ): void => {
    const native: unknown = owner === undefined ? undefined : Reflect.get(owner, method)
    if (owner === undefined || typeof native !== 'function') return
    const watched = new Proxy(native, {
      apply: (_, self, given: unknown[]) => told(self, given, () => Reflect.apply(native, self, given)),
    })
    Reflect.set(owner, method, watched)
    restore.push(() => {
      // A site may have put its own there meanwhile.
      if (Reflect.get(owner, method) === watched) Reflect.set(owner, method, native)
    })
  }
  const copied = (text: string, html: string): void => {
    const detail = JSON.stringify({ text: text.slice(0, 1_000_000), html: html.length > 1_000_000 ? '' : html })
    if (text !== '' || html !== '') dispatchEvent(new CustomEvent(`${channel}-copied`, { detail }))
  }
  const textOf = async (items: readonly ClipboardItem[], type: string): Promise<string> => {
    const item = items.find(({ types }) => types.includes(type))
    return item === undefined ? '' : (await item.getType(type)).text()
  }

  watch(globalThis.Clipboard?.prototype, 'writeText', async (_, [text], native) => {
    await native()
    copied(String(text), '')
  })
  watch(globalThis.Clipboard?.prototype, 'write', async (_, [given], native) => {
    await native()
    const items = given as readonly ClipboardItem[] // The browser has just taken it as such.
    copied(await textOf(items, 'text/plain'), await textOf(items, 'text/html'))
  })
  for (const owner of [HTMLInputElement.prototype, HTMLSelectElement.prototype])
    watch(owner, 'showPicker', (self, _, native) => {
      const mayOpen = self instanceof HTMLElement && navigator.userActivation.isActive
      const event = new Event(`${channel}-picker`, { cancelable: true, composed: true })
      // The hands take the ones that they know; the rest, and what is not allowed, is the browser's.
      return mayOpen && !self.dispatchEvent(event) ? undefined : native()
    })
  const stop = (): void => {
    rewritten.disconnect()
    restore.forEach((each) => each())
  }
  const listen = (): void => addEventListener(`${channel}-stop`, stop, { once: true })
  // A page that writes itself anew has no listeners any more.
  const rewritten = new MutationObserver(listen)
  rewritten.observe(document, { childList: true })
  listen()
}
