/** Takes servers over from the configuration of another client, each agreed to by the exact command that it would run. */
import type { NewUpstream } from '../contract/upstream.ts'
import { RelayFault } from '../fault.ts'
import { commandLineOf, readClientConfig } from './client-config.ts'

export interface Accepted {
  /** As the configuration has it. */
  name: string
  /** Another name for it here. */
  as?: string | undefined
  commandLine: string
}

/** All or none; `taken` are the names there are. Throws `config-invalid`, `consent-differs`, `upstream-taken`. */
export function acceptedServers(text: string, accepted: readonly Accepted[], taken: readonly string[]): NewUpstream[] {
  const found = readClientConfig(text)
  const chosen = accepted.map(({ name, as, commandLine }) => {
    const server = found.find(({ shown }) => shown.name === name && shown.commandLine === commandLine)
    if (server?.definition == null || commandLineOf(server.definition) !== commandLine)
      throw new RelayFault('consent-differs', `${name} would run something else than what was agreed to`)
    return { ...server.definition, name: as ?? server.definition.name }
  })
  const names = [...taken, ...chosen.map(({ name }) => name)].map((name) => name.toLowerCase())
  const twice = chosen.find(({ name }) => names.filter((other) => other === name.toLowerCase()).length > 1)
  if (twice !== undefined) throw new RelayFault('upstream-taken', `There is a server named ${twice.name} already`, { field: twice.name })
  return chosen
}
