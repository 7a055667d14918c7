/** What to put where, so that a client uses a session. */
export type ConnectClient = 'claude' | 'claude-code' | 'cursor' | 'vscode' | 'json' | 'stdio'

export const connectClients: readonly { label: string; value: ConnectClient }[] = [
  { label: 'Claude', value: 'claude' },
  { label: 'Claude Code', value: 'claude-code' },
  { label: 'Cursor', value: 'cursor' },
  { label: 'VS Code', value: 'vscode' },
  { label: 'JSON', value: 'json' },
  { label: 'stdio', value: 'stdio' },
]

export interface ConnectAddress {
  /** Without a secret; the session stands in a header. */
  bearerUrl: string
  sessionUrl: string
  sessionId: string
  /** How this program is started for a client that speaks to programs alone. */
  bridge: { command: string; args: readonly string[] }
}

const json = (value: object): string => JSON.stringify(value, null, 2)

/** `bearer` keeps the secret out of the address, where it would end up in logs and screenshots. */
export function connectSnippet(
  client: ConnectClient,
  { bearerUrl, sessionUrl, sessionId, bridge }: ConnectAddress,
  bearer: boolean,
): string {
  const url = bearer ? bearerUrl : sessionUrl
  const headers = bearer ? { headers: { Authorization: `Bearer ${sessionId}` } } : {}
  switch (client) {
    case 'claude-code':
      return `claude mcp add --transport http wheelhouse ${url}${bearer ? ` --header "Authorization: Bearer ${sessionId}"` : ''}`
    case 'vscode':
      return json({ servers: { wheelhouse: { type: 'http', url, ...headers } } })
    case 'claude':
    case 'cursor':
      return json({ mcpServers: { wheelhouse: { url, ...headers } } })
    case 'json':
      return json({ mcpServers: { relayforge: { url, ...headers } } })
    case 'stdio':
      // By variables, where no list of processes shows the secret.
      return json({ mcpServers: { wheelhouse: { ...bridge, env: { WHEELHOUSE_SESSION: sessionId, WHEELHOUSE_URL: bearerUrl } } } })
  }
}

/** Where it goes. */
export const snippetPlace: Readonly<Record<ConnectClient, string>> = {
  claude: 'Settings, Developer, Edit config; a version that takes no address takes what stdio gives',
  'claude-code': 'In a terminal',
  cursor: '~/.cursor/mcp.json',
  vscode: '.vscode/mcp.json',
  json: 'Any client that takes an address',
  stdio: 'Any client on this machine that starts a program',
}
