/** Takes patterns out of what a tool answers, of its errors, and of what its server says meanwhile. */
import type { Step } from './steps.ts'
import { isRedacting, readyRedactorOf, redactorOf } from './redactor.ts'

export const redactStep: Step = {
  name: 'redact',
  mayWait: false,
  concerns: ({ policy }) => isRedacting(policy.redact),
  async around(call, ask) {
    const redactor = await redactorOf(call.session.policy.redact)
    const note = (did: string | null): void => {
      if (did !== null) call.note('redact', did)
    }
    try {
      const { value, did } = redactor.value(await ask(call.args))
      note(did)
      return value
    } catch (thrown) {
      const { value, did } = redactor.error(thrown)
      note(did)
      throw value
    }
  },
  heard: ({ session }, message) => {
    // The server was asked after the patterns were made ready.
    const redactor = readyRedactorOf(session.policy.redact)
    return redactor === undefined ? { method: message.method, params: {} } : redactor.value(message).value
  },
}
