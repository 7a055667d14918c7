/** A stand-in for an object that is made anew now and then: whoever holds it always speaks to the one of today. */
import { LazyApi } from './http/lazy-api.ts'

/**
 * Reading a property reads it of what `current` gives at that moment; a method runs on that object. What is read once and kept (a nested
 * object, say) is of that day, so pass on `live(() => outer.inner)` and not `outer.inner`.
 */
export function live<Thing extends object>(current: () => Thing): Thing {
  // What the stand-in is made from is never looked at; the engine wants an object there.
  return new Proxy(Object.create(null) as Thing, {
    get(_, name) {
      const thing = current()
      const value: unknown = Reflect.get(thing, name, thing)
      // Bound, because private members are of the object itself and not of its stand-in; with what it carries, e.g. a socket's `admit`.
      return typeof value === 'function' ? (Object.assign(value.bind(thing), value) as unknown) : value
    },
    has: (_, name) => Reflect.has(current(), name),
  })
}

/** A room that is made anew has handlers of its own; the app that was built on the first goes on with them. */
export function liveApi(current: () => LazyApi, around: <Result>(load: () => Promise<Result>) => Promise<Result>): LazyApi {
  return new LazyApi(async () => {
    // The room may have been made anew meanwhile.
    while (current().loaded === undefined) await around(() => current().load())
    return live(() => {
      const { loaded } = current()
      if (loaded === undefined) throw new TypeError('a room was made anew without its API')
      return loaded
    })
  })
}
