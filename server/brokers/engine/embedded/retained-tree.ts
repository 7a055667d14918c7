/** The retained messages of a session by topic: one look-up for a topic, and for a filter only the branches that it reaches. */
import { hasWildcard, isReserved } from '../topics.ts'
import { TopicNames } from './topic-names.ts'

interface Branch<M> {
  /** Null while there is none: most topics have nothing below them. */
  children: Map<string, Branch<M>> | null
  message: M | null
}

/** Branches of one level that are still to be looked at; `depth` is that level's place in the filter, -1 below its `#`. */
interface Level<M> {
  readonly branches: Iterator<readonly [string, Branch<M>]>
  readonly depth: number
}

export class RetainedTree<M> {
  readonly #byTopic = new Map<string, M>()
  readonly #root: Branch<M> = { children: null, message: null }

  readonly #names: TopicNames

  constructor(names = new TopicNames()) {
    this.#names = names
  }

  get size(): number {
    return this.#byTopic.size
  }

  get(topic: string): M | undefined {
    return this.#byTopic.get(topic)
  }

  has(topic: string): boolean {
    return this.#byTopic.has(topic)
  }

  set(topic: string, message: M): void {
    if (!this.#byTopic.has(topic)) this.#names.hold(topic)
    this.#byTopic.set(topic, message)
    let branch = this.#root
    for (const level of topic.split('/')) {
      const children: Map<string, Branch<M>> = (branch.children ??= new Map())
      const child = children.get(level) ?? { children: null, message: null }
      children.set(level, child)
      branch = child
    }
    branch.message = message
  }

  /** Takes it out with the branches that held nothing else. */
  delete(topic: string): void {
    if (!this.#byTopic.delete(topic)) return
    this.#names.letGo(topic)
    const levels = topic.split('/')
    const path = [this.#root]
    for (const level of levels) {
      const child = path.at(-1)?.children?.get(level)
      if (child === undefined) return
      path.push(child)
    }
    const last = path.pop()
    if (last !== undefined) last.message = null
    let branch = last
    for (const parent of path.reverse()) {
      const level = levels.pop()
      if (level === undefined || branch === undefined || branch.message !== null || branch.children !== null) return
      parent.children?.delete(level)
      if (parent.children?.size === 0) parent.children = null
      branch = parent
    }
  }

  /**
   * Those whose topics match, and null for each step that found none: whoever walks a large tree rests between steps. What comes and goes
   * meanwhile may or may not be met.
   */
  *matching(filter: string): Generator<M | null> {
    if (!hasWildcard(filter)) {
      yield this.#byTopic.get(filter) ?? null
      return
    }
    const wanted = filter.split('/')
    const levels: Level<M>[] = [reached(this.#root, wanted, 0)]
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      const { value, done } = level.branches.next()
      if (done === true) {
        levels.pop()
        continue
      }
      const [name, branch] = value
      // Topics beginning with `$` are not reached by a leading wildcard.
      if (levels.length === 1 && isReserved(name) && wanted[0] !== name) continue
      const depth = level.depth < 0 || wanted[level.depth] === '#' ? -1 : level.depth + 1
      // `#` also stands for the parent level.
      const isEnd = depth < 0 || depth === wanted.length || (wanted[depth] === '#' && depth === wanted.length - 1)
      yield isEnd ? branch.message : null
      if (branch.children !== null && (depth < 0 || depth < wanted.length)) levels.push(reached(branch, wanted, depth))
    }
  }
}

const none: readonly (readonly [string, never])[] = []

function reached<M>({ children }: Branch<M>, wanted: readonly string[], depth: number): Level<M> {
  const name = wanted[depth]
  if (children === null) return { branches: none.values(), depth }
  if (name === undefined || name === '+' || name === '#') return { branches: children.entries(), depth }
  const child = children.get(name)
  return { branches: (child === undefined ? none : [[name, child] as const]).values(), depth }
}
