/** Puts the arguments that a person has fixed for a tool, or filled in, into each call of it. */
import { argumentsFor } from '../upstreams/handling.ts'
import type { Step } from './steps.ts'

export const pinnedArguments: Step = {
  name: 'arguments',
  mayWait: false,
  concerns: (_, { tool }) => tool.handling.arguments.length > 0,
  async around({ entry, args, note }, ask) {
    const handled = entry.tool.handling.arguments
    const made = argumentsFor(handled, args)
    if (made.refused === null) {
      note('arguments', `set ${handled.map(({ name }) => name).join(', ')}`)
      return ask(made.arguments)
    }
    note('arguments', `refused a value for ${made.refused}`)
    // Said in the result, where the model can read it and do better.
    const text = `The argument ${made.refused} is fixed here and may not be given. Leave it out`
    return { isError: true, content: [{ type: 'text', text }] }
  },
}
