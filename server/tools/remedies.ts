/** What a room refuses, in the words of its contract, and with what can be done about it: a model does the next thing it is told. */
import { Fault } from '../fault.ts'
import type { FaultDefinition } from '../http/contract.ts'
import { ToolRefusal, type BuiltInTool } from '../relay/built-in/server.ts'

export function withRemedies(faults: Readonly<Record<string, FaultDefinition>>, tools: readonly BuiltInTool[]): BuiltInTool[] {
  return tools.map((tool) => ({
    ...tool,
    async run(input, call) {
      try {
        return await tool.run(input, call)
      } catch (error) {
        const known = error instanceof Fault ? faults[error.code] : undefined
        if (!(error instanceof Fault) || known === undefined) throw error
        // A fault without words of its own has its code for them.
        const words = error.message === error.code ? (known.message ?? error.message) : error.message
        throw new ToolRefusal(words, known.remedy, { cause: error })
      }
    },
  }))
}
