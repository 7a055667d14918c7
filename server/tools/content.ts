/** What tools answer with. */
import type { HouseContent } from '../relay/built-in/server.ts'

export const words = (text: string): HouseContent[] => [{ type: 'text', text }]
export const facts = (value: unknown): HouseContent[] => words(JSON.stringify(value, null, 2))
