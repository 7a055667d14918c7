/** What tools answer with. */
import type { ToolContent } from '../relay/built-in/server.ts'

export const words = (text: string): ToolContent[] => [{ type: 'text', text }]
export const facts = (value: unknown): ToolContent[] => words(JSON.stringify(value, null, 2))
