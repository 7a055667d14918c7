/**
 * Secrets in calls: the log of calls, the inspector and a person who is asked for a yes get a call without them. Wheelhouse's own tools
 * name theirs; those of others are known by their schema (`format: password`, `writeOnly`) and by their names.
 */
import type { ToolEntry } from '../sessions/view.ts'
import type { Json } from '../upstreams/connection.ts'
import { builtInId } from '../upstreams/definition.ts'
import { isNone, pathsOf, placesOf, pointerOf, secretPathsOf, valueAt, withPlaces, type Paths } from './secret-paths.ts'

/** What one of Wheelhouse's own tools says of itself; paths as in `fields.*.value`. */
export interface NamedSecrets {
  /** Shown to nobody. */
  arguments?: readonly string[]
  /** What may be a secret or not, such as what is typed: not kept, but shown to a person who is asked whether it may be sent. */
  typed?: readonly string[]
  /** The answer holds one. */
  answer?: boolean
}

export interface SafeCall {
  request: unknown
  /** Where something was taken out of the arguments, as JSON pointers: to call again, it has to be given again. */
  secrets: readonly string[]
  /** The same call's answer or error without what was taken out; nothing is left of one that holds a secret. */
  clean(said: unknown, failed: boolean): unknown
}

interface Named {
  name: string
  secrets?: NamedSecrets | undefined
}

interface Known {
  hidden: Paths
  unkept: Paths
  answer: boolean
}

export const notShown = '[secret]'
const nothing: Known = { hidden: pathsOf([]), unkept: pathsOf([]), answer: false }
const asItIs = (said: unknown): unknown => said
/** Shorter ones would take words apart that are none. */
const shortestEcho = 4

export class Secrets {
  #named: ReadonlyMap<string, Known> | undefined
  readonly #own: () => readonly Named[]
  /** Read once for each definition: every call asks. */
  readonly #read = new WeakMap<object, Known>()

  /** `own` are asked for with the first call of one of them. */
  constructor(own: () => readonly Named[] = () => []) {
    this.#own = own
  }

  /** The arguments as a person sees them who is asked whether they may be sent. */
  shown(entry: Pick<ToolEntry, 'upstream' | 'tool'>, args: Json): Json {
    return withPlaces(args, placesOf(args, this.#of(entry).hidden), notShown) as Json // An object stays one.
  }

  /** What may be kept of a call. `request` is a message with `params`, or the parameters alone. */
  kept(entry: Pick<ToolEntry, 'upstream' | 'tool'>, request: unknown): SafeCall {
    const { unkept, answer } = this.#of(entry)
    if (isNone(unkept) && !answer) return { request, secrets: [], clean: asItIs }
    const way = Object(request).params === undefined ? ['arguments'] : ['params', 'arguments']
    const args = valueAt(request, way)
    const places = placesOf(args, unkept)
    const echoes = places.flatMap((place) => textsIn(valueAt(args, place))).filter(({ length }) => length >= shortestEcho)
    return {
      request: withPlaces(
        request,
        places.map((place) => [...way, ...place]),
        notShown,
      ),
      secrets: places.map(pointerOf),
      clean: (said, failed) => (answer && !failed ? { content: [{ type: 'text', text: notShown }] } : without(said, echoes)),
    }
  }

  #of({ upstream, tool }: Pick<ToolEntry, 'upstream' | 'tool'>): Known {
    if (upstream.definition.id === builtInId) {
      this.#named ??= new Map(this.#own().map(({ name, secrets }) => [name, secrets === undefined ? nothing : knownOf(secrets)]))
      return this.#named.get(tool.name) ?? nothing
    }
    const { definition } = tool as Partial<ToolEntry['tool']>
    if (definition === undefined) return nothing
    let known = this.#read.get(definition)
    if (known === undefined) {
      const paths = secretPathsOf(definition.inputSchema)
      known = { hidden: paths, unkept: paths, answer: false }
      this.#read.set(definition, known)
    }
    return known
  }
}

function knownOf({ arguments: hidden = [], typed = [], answer = false }: NamedSecrets): Known {
  const paths = (given: readonly string[]): Paths => pathsOf(given.map((path) => path.split('.')))
  return { hidden: paths(hidden), unkept: paths([...hidden, ...typed]), answer }
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [String(value)]
}

/** Also where a text stands within a text of JSON, or within one of those. */
function without(said: unknown, echoes: readonly string[]): unknown {
  if (echoes.length === 0 || said === null) return said
  const text = typeof said === 'string' ? said : JSON.stringify(said)
  const forms = echoes.flatMap((echo) => {
    const once = JSON.stringify(echo).slice(1, -1)
    return [JSON.stringify(once).slice(1, -1), once, echo]
  })
  const longestFirst = [...new Set(forms)].toSorted((a, b) => b.length - a.length)
  return longestFirst.reduce((made, form) => made.replaceAll(form, notShown), text)
}
