/** What a person types about a tool's arguments, as the relay takes it. */
import type { RelayTool, ToolHandling } from '../../../../server/relay/contract/index.ts'

type Mode = 'free' | 'default' | 'pinned' | 'overwritten'

export interface ArgumentLine {
  name: string
  mode: Mode
  /** As typed: JSON, or a text where it is none. */
  value: string
}

export const argumentModes: { label: string; value: Mode }[] = [
  { label: 'Free', value: 'free' },
  { label: 'Filled in when left out', value: 'default' },
  { label: 'Fixed, others refused', value: 'pinned' },
  { label: 'Fixed, others overwritten', value: 'overwritten' },
]

/** Each argument that the tool says it takes, and those that were handled and are there no more. */
export function argumentLines({ inputSchema, handling }: Pick<RelayTool, 'inputSchema' | 'handling'>): ArgumentLine[] {
  const properties = isObject(inputSchema) && isObject(inputSchema['properties']) ? Object.keys(inputSchema['properties']) : []
  const handled = new Map(handling.arguments.map((each) => [each.name, each]))
  return [...new Set([...properties, ...handled.keys()])].map((name): ArgumentLine => {
    const known = handled.get(name)
    if (known === undefined) return { name, mode: 'free', value: '' }
    const fixed = known.given === 'overwrite' ? 'overwritten' : 'pinned'
    return { name, mode: known.mode === 'default' ? 'default' : fixed, value: textOf(known.value) }
  })
}

export function handlingOf(note: string, description: string, lines: readonly ArgumentLine[]): ToolHandling {
  const filled = (text: string): string | null => (text.trim() === '' ? null : text.trim())
  return {
    note: filled(note),
    description: filled(description),
    arguments: lines
      .filter(({ mode }) => mode !== 'free')
      .map(({ name, mode, value }) => ({
        name,
        mode: mode === 'default' ? 'default' : 'pinned',
        value: valueOf(value),
        given: mode === 'overwritten' ? 'overwrite' : 'refuse',
      })),
  }
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** A text that reads as JSON keeps its quotes, so that it stays a text. */
function textOf(value: unknown): string {
  return typeof value === 'string' && valueOf(value) === value ? value : JSON.stringify(value)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
