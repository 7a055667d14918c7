/** Calls, out of the library's shape. */
import type { WACallEvent, WASocket } from 'baileys'
import { createSerialQueue } from '../../../async/serial-queue.ts'
import { reasonOf } from '../../../isolation.ts'
import type { Log } from '../../../log.ts'
import type { CallCalls, CallHappening } from '../calls.ts'
import type { Asker } from './asking.ts'
import { numbered } from './people.ts'

/** How a call goes on between the devices is nobody's news. */
const states: Partial<Record<WACallEvent['status'], CallHappening['state']>> = {
  offer: 'offered',
  accept: 'accepted',
  reject: 'rejected',
  timeout: 'missed',
  terminate: 'over',
}
/** Callers kept by call, as the network named them: a refusal goes there. */
const mostCallers = 200

export function hearCalls(socket: WASocket, { ask }: Asker, log: Log, happened: (happening: CallHappening) => void): CallCalls {
  const inOrder = createSerialQueue()
  const callers = new Map<string, string>()

  async function tell({ id, from, callerPn, chatId, date, offline, status, isVideo, groupJid }: WACallEvent): Promise<void> {
    const state = states[status]
    if (state === undefined || id === undefined) return
    callers.set(id, from)
    const [oldest] = callers.keys()
    if (callers.size > mostCallers && oldest !== undefined) callers.delete(oldest)
    const person = await numbered(socket, callerPn ?? from)
    const group = groupJid ?? (chatId.endsWith('@g.us') ? chatId : null)
    const at = Number.isNaN(date.getTime()) ? Date.now() : date.getTime()
    happened({ type: 'call', id, chat: group ?? person, person, video: isVideo === true, group, state, at, isOld: offline })
  }

  socket.ev.on('call', (calls) => {
    for (const call of calls)
      inOrder.run(() => tell(call)).catch((error: unknown) => log.warn({ error: reasonOf(error) }, 'a call could not be told'))
  })
  return { reject: (id, person) => ask(() => socket.rejectCall(id, callers.get(id) ?? person)) }
}
