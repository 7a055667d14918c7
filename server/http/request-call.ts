/** Facts about one request, as its handler sees them. */
import type { Context } from 'koa'
import type { Call } from './api.ts'
import type { Admitted, Exposure, Guards } from './guards.ts'

/**
 * A class, so that its getters stand on one prototype: an object literal with getters gets a hidden class of its own each time, which lies
 * in the old part of the heap and holds the request there until the next full collection. That cost a quarter of all the time of a call.
 */
export class RequestCall implements Call {
  readonly caller: Call['caller']
  readonly standing: Call['standing']
  readonly requestId: string
  readonly address: string
  readonly headers: Call['headers']
  readonly node: Call['node']
  readonly #prefix: string
  readonly #guards: Guards
  #gone: AbortController | undefined

  constructor({ req, res, state }: Context, { caller, standing }: Admitted, exposure: Exposure, guards: Guards) {
    this.caller = caller
    this.standing = standing
    this.requestId = String(state['requestId'])
    this.address = guards.addressOf(req)
    this.headers = req.headers
    this.node = { request: req, response: res }
    this.#prefix = exposure.prefix
    this.#guards = guards
  }

  /** Made when asked for: most handlers answer at once and never ask. */
  get signal(): AbortSignal {
    if (this.#gone === undefined) {
      const controller = new AbortController()
      const { response } = this.node
      this.#gone = controller
      if (response.destroyed && !response.writableFinished) controller.abort()
      response.once('close', () => {
        if (!response.writableFinished) controller.abort()
      })
    }
    return this.#gone.signal
  }

  get origin(): string {
    return this.#guards.originOf(this.node.request) + this.#prefix
  }
}
