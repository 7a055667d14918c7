/** What runs in every document of a page before its own scripts: it keeps windows shut and tells which permissions are asked for. */

/** What the channel carries: nothing for a window that was refused, else the names of permissions. */
export type GuardPayload = '' | `permission:${string}`

/**
 * Runs inside the page, so it must stand on its own: whether windows are permitted from now on. The channel is a function that Chromium
 * puts there, whose name the site never learns. A document that is guarded already takes the new word by its `open`, which no site can
 * replace; a listener would be gone with the first `document.open`.
 */
export function guardDocument(channel: string, permitted: boolean): void {
  // The channel is taken away so that the site never sees it.
  const here = globalThis as unknown as Record<string, unknown>
  const tell = here[channel] as ((payload: string) => void) | undefined
  delete here[channel]
  const native = globalThis.open
  const isGuarded = tell === undefined && Object.getOwnPropertyDescriptor(globalThis, 'open')?.configurable === false
  if (isGuarded) return void native(channel + permitted)
  let allowed = permitted

  const open = (...given: Parameters<typeof globalThis.open>): Window | null => {
    const [first] = given
    if (first === `${channel}true` || first === `${channel}false`) {
      allowed = first === `${channel}true`
      return null
    }
    if (allowed) return native.apply(globalThis, given)
    tell?.('')
    return null
  }
  Object.defineProperty(globalThis, 'open', { value: open, writable: false, configurable: false })

  /** Asks as before, and tells that it was asked. */
  const watch = (owner: object | undefined, method: string, names: (given: unknown[]) => string[]): void => {
    const plain: unknown = owner === undefined ? undefined : Reflect.get(owner, method)
    if (owner === undefined || typeof plain !== 'function') return
    const told = function (this: unknown, ...given: unknown[]): unknown {
      for (const name of names(given)) tell?.(`permission:${name}`)
      return Reflect.apply(plain, this, given)
    }
    Object.defineProperty(told, 'name', { value: method })
    Object.defineProperty(owner, method, { value: told, writable: true, configurable: true, enumerable: true })
  }
  watch(globalThis.Notification, 'requestPermission', () => ['notifications'])
  watch(globalThis.Geolocation?.prototype, 'getCurrentPosition', () => ['geolocation'])
  watch(globalThis.Geolocation?.prototype, 'watchPosition', () => ['geolocation'])
  watch(globalThis.MediaDevices?.prototype, 'getUserMedia', ([wanted]) => {
    const { video, audio } = (wanted ?? {}) as { video?: unknown; audio?: unknown }
    return [...(video ? ['camera'] : []), ...(audio ? ['microphone'] : [])]
  })
}
