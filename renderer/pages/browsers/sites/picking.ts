/** Picking an element from the page of a trial: whoever needs one asks, and the page of the site shows where to click. */
import { inject, type InjectionKey } from 'vue'
import type { Picked } from '../../../../server/browsers/contract/index.ts'

export interface Picking {
  /** What it is for, e.g. `Selector of step 3`. */
  title: string
  /** Elements that are alike are meant, e.g. the rows of a table. */
  rows?: boolean
  take(selector: string, picked: Picked): void
}

export const pickingKey: InjectionKey<(picking: Picking) => void> = Symbol('picking')

/** Null where there is nothing to pick from. */
export const usePicking = (): ((picking: Picking) => void) | null => inject(pickingKey, null)
