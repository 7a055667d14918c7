/**
 * What WhatsApp says has changed while nobody was there. The library asks for all of it at once and waits for nothing: a refusal of that
 * question reaches no promise, and would count as a fault of the connection.
 */
import type { BinaryNode, WASocket } from 'baileys'
import { reasonOf } from '../../../isolation.ts'
import type { Log } from '../../../log.ts'

const name = 'CB:ib,,dirty'

/** After all listeners of the library are there. WhatsApp says it again at the next login, so nothing is tried again before. */
export function attendDirty({ ws }: Pick<WASocket, 'ws'>, log: Pick<Log, 'warn'>): void {
  for (const listener of ws.listeners(name)) {
    ws.removeListener(name, listener as (node: BinaryNode) => void) // it was registered as one
    ws.on(name, (node: BinaryNode) => {
      new Promise((resolve) => resolve(Reflect.apply(listener, ws, [node]) as unknown)).catch((error: unknown) =>
        log.warn({ error: reasonOf(error) }, 'what has changed meanwhile could not be had'),
      )
    })
  }
}
