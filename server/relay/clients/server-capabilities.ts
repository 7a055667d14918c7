/** What the relay says of itself to a client: the sum of what the servers of its session can do. */
import type { ServerCapabilities } from '@modelcontextprotocol/server'
import type { View } from '../sessions/view.ts'
import type { Upstream } from '../upstreams/upstream.ts'

/** All that one of the servers can; everything while some have not said yet. */
export function capabilitiesOf(upstreams: readonly Upstream[]): ServerCapabilities {
  const unknown = upstreams.some(({ capabilities, state }) => Object.keys(capabilities).length === 0 && state !== 'failed')
  const any = (of: (capabilities: ServerCapabilities) => unknown): boolean =>
    unknown || upstreams.some(({ capabilities }) => of(capabilities) !== undefined)
  return {
    tools: { listChanged: true },
    ...(any(({ resources }) => resources)
      ? { resources: { listChanged: true, subscribe: any(({ resources }) => (resources?.subscribe === true ? true : undefined)) } }
      : { resources: {} }),
    ...(any(({ prompts }) => prompts) ? { prompts: { listChanged: true } } : { prompts: {} }),
    completions: {},
    logging: {},
  }
}

export function instructionsOf({ upstreams }: View): string {
  const own = upstreams.filter(({ instructions }) => instructions !== undefined && instructions !== '')
  return own
    .map(({ definition, instructions }) => (upstreams.length === 1 ? instructions : `${definition.name}: ${instructions}`))
    .join('\n\n')
}
