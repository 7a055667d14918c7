/** Writes `docs/rights.md` from the route tables: `node scripts/rights-page.ts`. A test fails while the page is older than they are. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { contracts } from '../server/contracts.ts'
import type { Contract, Guarded } from '../server/http/contract.ts'

// Each table has literal types of its own; here they are all alike. The APIs come in the window's order, control last.
const { control, brokers, browsers, ...others } = contracts
const sections = [browsers, brokers, ...Object.values(others), control] as unknown as Contract[]

const beginning = `# Who may call what

A key opens the rights it names and nothing beside them. It is made in the window under API keys, or by \`POST /control/v1/keys\`, with none chosen to begin with:

\`\`\`sh
curl -X POST http://127.0.0.1:7700/control/v1/keys -H 'Authorization: Bearer YOUR_KEY' -H 'Content-Type: application/json' \\
  -d '{"name": "gate-tablet", "rights": ["bots:use", "brokers:use"], "only": {"bots": ["bot_1234567890"]}, "from": "192.168.1.0/24", "expiresAt": "2027-02-20T00:00:00.000Z"}'
\`\`\`

| right | what it opens |
| --- | --- |
| \`ROOM:use\` | make sessions in that room, and see, change and end one's own |
| \`ROOM:manage\` | everybody's, and the room's settings; includes \`use\` |
| \`activity:use\` | read what happened in all rooms; secrets are kept out of it |
| \`control:use\` | read settings, the names of keys, addresses of servers |
| \`control:manage\` | what reaches beyond a room: programs and addresses that this machine runs or calls, keys, sign-in links, settings. Whoever holds it can run any program here as you, so it includes every other right, and such a key ends after 7 days at most |

- **One's own** is what the same key has made; a browser session also belongs to whoever shows its credentials. A thing of somebody else is answered as one that is not there. What the owner makes, and what callers without a key make on this machine, belongs to the house: both see it.
- **Without a key**, on this machine, one has the *use* of the room as its published contract wants it, and no more. Once an API is open to the network its routes ask for a key.
- **\`only\`** limits a key to some bots, by \`userId\`, or broker sessions, by name; it then opens nothing in that room that is about all of them, and those whoever made them. When the last of them is removed, the key loses that room. **\`from\`** is the address or network that may use it.
- **Rights shrink, they do not grow**: \`PATCH /control/v1/keys/:id\` takes some away, more need a new key. The holder notices at the next call; open WebSockets of the key end.
- **A session reaches no more than its maker.** Wheelhouse's own tools in a relay session take the rights written beside them below, at the creation and again at every call; a rule of a bot that publishes to a broker takes \`brokers:use\` of it. Without a key there are none, unless somebody with the rights gives them to the session.
- **Keys of the older form**, with scopes for reading and writing, open what they had opened in their room, everybody's included, except what reaches beyond it: for that it takes a scope for writing in \`control\` as well. The window says which keys these are.
- \`API_KEY\` opens all of the bots API, and nothing past it.

Why it is so: [decision 7](decisions/0007-whose-sessions.md). The tables below are made from the routes.
`

const tools = `
## Wheelhouse's own tools

| tools | right |
| --- | --- |
| \`browser_…\` | \`browsers:use\` |
| \`brokers_list\`, \`broker_…\` | \`brokers:use\` |
| \`bots_list\`, \`bot_…\` | \`bots:use\` |
| \`login_…\` | \`logins:manage\` |
`

/** The whole page. */
export function rightsPage(): string {
  return `${beginning}${sections.map(section).join('')}${tools}`
}

function section({ title, routes, sockets = {} }: Contract): string {
  const rows = [
    ...Object.values(routes).map((route) => ({ ...route, method: route.method as string })),
    ...Object.values(sockets).map((socket) => ({ ...socket, method: 'WS' })),
  ].map(
    ({ method, path, summary, right, access }) =>
      `| \`${method} ${path}\` | ${right === 'anyone' || right === 'any-key' ? words[right] : `\`${right}\``} | ${keyless(access, right)} | ${summary.replaceAll('|', '\\|')} |`,
  )
  return `\n## ${title}\n\n| route | right of a key | without a key | what for |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`
}

const words = { anyone: 'none', 'any-key': 'any key' }

function keyless(access: Guarded['access'], right: string): string {
  if (access === 'public') return 'always'
  return access === 'local' && !right.endsWith(':manage') ? 'on this machine' : 'no'
}

if (import.meta.main) writeFileSync(join(import.meta.dirname, '..', 'docs', 'rights.md'), rightsPage())
