/**
 * Opening pages, by whomever, in such an order that one at the back can be told from all others: while it opens nobody else opens one, so
 * what appears meanwhile without an opener is that page, and the tab around it.
 */
import type { TargetInfo } from './messages.ts'

/** Ids of pages at the back that are remembered; each refresh adds a page and its tab. */
const mostRemembered = 1_000

interface Wish {
  id: number
  atBack: boolean
  send(): void
}

export class PageOpening {
  readonly #under = new Map<number, Wish>()
  readonly #waiting: Wish[] = []
  readonly #atBack = new Set<string>()

  /** True while a page at the back opens. */
  get opensAtBack(): boolean {
    return [...this.#under.values()].some(({ atBack }) => atBack)
  }

  isAtBack(targetId: string): boolean {
    return this.#atBack.has(targetId)
  }

  /** Sends the wish when it is its turn. */
  open(wish: Wish): void {
    this.#waiting.push(wish)
    this.#next()
  }

  /** The browser has answered it, or nobody wants it any more. */
  over(id: number): void {
    const index = this.#waiting.findIndex((wish) => wish.id === id)
    if (index !== -1) this.#waiting.splice(index, 1)
    if (this.#under.delete(id)) this.#next()
  }

  /** To be told of each target that appears while `opensAtBack`, and of those that one of them opens. */
  appeared({ targetId, type, openerId, parentId }: TargetInfo): void {
    const isNew = this.opensAtBack && openerId === undefined && (type === 'page' || type === 'tab')
    if (!isNew && !this.isAtBack(openerId ?? '') && !this.isAtBack(parentId ?? '')) return
    this.#atBack.add(targetId)
    const [oldest] = this.#atBack
    if (this.#atBack.size > mostRemembered && oldest !== undefined) this.#atBack.delete(oldest)
  }

  #next(): void {
    for (let [wish] = this.#waiting; wish !== undefined && this.#mayOpen(wish); [wish] = this.#waiting) {
      this.#waiting.shift()
      this.#under.set(wish.id, wish)
      wish.send()
    }
  }

  #mayOpen({ atBack }: Wish): boolean {
    return !this.opensAtBack && (!atBack || this.#under.size === 0)
  }
}
