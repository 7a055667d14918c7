/**
 * What a path of an API leads to: the one matcher, for requests, preflights and sockets. See `docs/decisions/0009-one-matcher.md`.
 *
 * It is the table of @koa/router, whose layers say whether a path is theirs and what its parameters are. The router tries them one after
 * the other, and with fifty routes that takes longer than most handlers. So each layer stands in an index as well: a path without a
 * parameter is looked up, one with parameters is compared only with patterns of its method and length, and what is written otherwise (a
 * slash at the end, other case) is left to the router.
 */
import Router from '@koa/router'

type Layer = Router['stack'][number]

export interface Found<Target> {
  target: Target
  /** Decoded; as they are where they cannot be. */
  params: Readonly<Record<string, string>>
}

const noParams: Readonly<Record<string, string>> = Object.freeze({})

export class RouteTable<Target> {
  readonly #router = new Router()
  readonly #targets = new Map<Layer, Target>()
  readonly #fixed = new Map<string, Layer>()
  readonly #byLength = new Map<string, { parts: readonly string[]; layer: Layer }[]>()

  /**
   * `path` as @koa/router has it; GET stands for HEAD too. Where two fit, the one with fewer parameters is meant, then the one that was
   * added first.
   */
  add(method: string, path: string, target: Target): void {
    // Who asks calls what is found: the router's own way there, a chain composed anew for every request, costs four or five microseconds.
    const layer = this.#router.register(path, [method], (_, next) => next()) as Layer // one path, so one layer
    this.#targets.set(layer, target)
    const parts = path.split('/')
    if (!parts.every((part) => /^:?[\w.-]*$/.test(part))) return
    for (const each of layer.methods) {
      const key = `${each} ${path}`
      if (layer.paramNames.length === 0) this.#fixed.set(key, this.#fixed.get(key) ?? layer)
      else {
        const length = `${each} ${parts.length}`
        this.#byLength.set(length, [...(this.#byLength.get(length) ?? []), { parts, layer }].toSorted(fewerParams))
      }
    }
  }

  find(method: string, path: string): Found<Target> | null {
    const layer = this.#fixed.get(`${method} ${path}`) ?? this.#plain(method, path) ?? this.#other(method, path)
    const target = layer === undefined ? undefined : this.#targets.get(layer)
    if (layer === undefined || target === undefined) return null
    // What takes any name takes none that a path of other methods has.
    if (isAnyName(layer) && this.methodsOf(path).length > 0) return null
    return { target, params: layer.paramNames.length === 0 ? noParams : layer.params(path, layer.captures(path)) }
  }

  /** The methods that a path is known for; none when it is not, or only where any name is taken. */
  methodsOf(path: string): string[] {
    return [...new Set(this.#router.match(path, '').path.flatMap((layer) => (isAnyName(layer) ? [] : layer.methods)))]
  }

  #plain(method: string, path: string): Layer | undefined {
    const given = path.split('/')
    return this.#byLength.get(`${method} ${given.length}`)?.find(({ parts }) => fits(parts, given))?.layer
  }

  #other(method: string, path: string): Layer | undefined {
    const layers = this.#router.match(path, method).pathAndMethod
    return layers.toSorted((a, b) => a.paramNames.length - b.paramNames.length)[0]
  }
}

/** A path that is nothing but a parameter. */
const isAnyName = ({ path }: Layer): boolean => typeof path === 'string' && /^\/:\w+$/.test(path)

function fewerParams(a: { layer: Layer }, b: { layer: Layer }): number {
  return a.layer.paramNames.length - b.layer.paramNames.length
}

function fits(parts: readonly string[], given: readonly string[]): boolean {
  // From the end: the beginnings of an API's paths are all alike.
  for (let index = parts.length - 1; index >= 0; index -= 1) {
    const part = parts[index] ?? ''
    if (part.startsWith(':') ? given[index] === '' : part !== given[index]) return false
  }
  return true
}
