/** What an MCP server behind the relay is: where it is found and what it is given. */
import { isDeepStrictEqual } from 'node:util'
import type { z } from 'zod'
import { basicAuthorization, splitUserinfo } from '../../http/userinfo.ts'
import type { transportName } from '../contract/upstream.ts'
import { defaultOptions, type ServerOptions } from '../contract/upstream-options.ts'

export interface UpstreamDefinition {
  id: string
  name: string
  /** `openapi` is an HTTP API whose operations are tools; it runs within this process, as what is built in. */
  transport: z.output<typeof transportName> | 'built-in' | 'openapi'
  command: string | null
  args: string[]
  cwd: string | null
  url: string | null
  env: Record<string, string>
  headers: Record<string, string>
  enabled: boolean
  options: ServerOptions
  createdAt: number
}

/** Whether what it is run or called with has changed, beside its name and how it is treated. */
export function runsOtherwise(before: UpstreamDefinition, after: UpstreamDefinition): boolean {
  const run = ({ transport, command, args, cwd, url, env, headers }: UpstreamDefinition) => [
    transport,
    command,
    args,
    cwd,
    url,
    env,
    headers,
  ]
  return !isDeepStrictEqual(run(before), run(after))
}

/** Ms that a call of a server may take. */
export type CallTimeout = (server: Pick<UpstreamDefinition, 'options'>) => number

export const builtInId = 'wheelhouse'

/** The server that is part of this program; switched on by the first session that asks for it. */
export function builtInDefinition(name: string, createdAt: number): UpstreamDefinition {
  const nothing = { command: null, args: [], cwd: null, url: null, env: {}, headers: {} }
  return { id: builtInId, name, transport: 'built-in', ...nothing, enabled: false, options: defaultOptions, createdAt }
}

/** An address is shown and told; a name and password in it become a header, which is sealed and shown by its name alone. */
export function withLoginApart(definition: UpstreamDefinition): UpstreamDefinition {
  const { url, userinfo } = splitUserinfo(definition.url ?? '')
  if (userinfo === null) return definition
  const has = Object.keys(definition.headers).some((name) => name.toLowerCase() === 'authorization')
  return { ...definition, url, headers: has ? definition.headers : { ...definition.headers, Authorization: basicAuthorization(userinfo) } }
}
