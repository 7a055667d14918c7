/** The way to a server, by what it is: a process, an address, or a part of this program. */
import { InMemoryTransport, SSEClientTransport, type AuthProvider, type Transport } from '@modelcontextprotocol/client'
import type { UpstreamDefinition } from './definition.ts'
import type { ProcessReaper } from './process-reaper.ts'
import { HttpTransport } from './http-transport.ts'
import { launcherOf } from './launchers.ts'
import { StdioTransport } from './stdio-transport.ts'

export interface Way {
  definition: UpstreamDefinition
  reaper: ProcessReaper
  /** The server end of a built-in server, asked for with each connection. */
  builtIn?: () => Promise<Transport>
  /** Tokens for a remote server. */
  auth?: AuthProvider | undefined
  /** For remote servers: reaches what its address opens, and where redirects from there may lead. */
  fetch?: typeof fetch | undefined
  onLog(line: string): void
}

export async function transportOf({ definition, reaper, onLog, builtIn, auth, fetch: send }: Way): Promise<Transport> {
  const { transport, command, args, env, cwd, url, headers } = definition
  if (transport === 'built-in' || transport === 'openapi') {
    if (builtIn === undefined) throw new TypeError(`${definition.name} is not built in`)
    return builtIn()
  }
  if (transport === 'stdio')
    return new StdioTransport({ command: command ?? '', args, env: { ...launcherOf(command)?.env, ...env }, cwd, reaper, onLog })
  if (send === undefined) throw new TypeError(`${definition.name} has no way to be reached`)
  const address = new URL(url ?? '')
  const shared = { requestInit: { headers }, fetch: send, ...(auth === undefined ? {} : { authProvider: auth }) }
  return transport === 'http'
    ? new HttpTransport(address, shared)
    : new SSEClientTransport(address, {
        ...shared,
        eventSourceInit: {
          fetch: (input, init) => send(input, { ...init, headers: { ...Object.fromEntries(new Headers(init?.headers)), ...headers } }),
        },
      })
}

/** Two ends of a connection within this process. */
export const linkedTransports = (): [Transport, Transport] => InMemoryTransport.createLinkedPair()
