/**
 * An API that is loaded with its first call: contract and handlers of all six take some ten megabytes, which a house without a window open,
 * and with bots or brokers alone at work, does without.
 */
import { AsyncResource } from 'node:async_hooks'
import type { Api } from './api.ts'

export class LazyApi {
  readonly #make: () => Promise<Api>
  #loaded: Api | undefined
  #loading: Promise<Api> | undefined

  constructor(make: () => Promise<Api>) {
    // What it starts is of the room that is being made now, and not of whoever calls first.
    this.#make = AsyncResource.bind(make)
  }

  /** Undefined before somebody has called. */
  get loaded(): Api | undefined {
    return this.#loaded
  }

  /** Rejects with what kept it from being read, e.g. a disk that is gone; the next call tries anew. */
  load(): Promise<Api> {
    this.#loading ??= this.#make().then(
      (api) => (this.#loaded = api),
      (error: unknown) => {
        this.#loading = undefined
        throw error
      },
    )
    return this.#loading
  }
}
