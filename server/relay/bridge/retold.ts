/** What a client has asked for once and for all, and a protocol session that is opened anew has to be told again. */
import { isObject, paramsOf, type Json } from './messages.ts'

const atMost = 1_000

export class Retold {
  readonly #messages = new Map<string, Json>()

  remember(message: unknown): void {
    if (!isObject(message)) return
    const watch = `uri ${String(paramsOf(message)['uri'])}`
    switch (message['method']) {
      case 'initialize':
        return this.#messages.clear()
      case 'logging/setLevel':
        return void this.#messages.set('level', message)
      case 'resources/subscribe':
        if (this.#messages.size < atMost) this.#messages.set(watch, message)
        return
      case 'resources/unsubscribe':
        return void this.#messages.delete(watch)
    }
  }

  all(): Json[] {
    return [...this.#messages.values()]
  }
}
