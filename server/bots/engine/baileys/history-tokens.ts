/** The tokens of a history, by which people who wrote before may be written to; the library keeps those that come one by one. */
import type { proto, WASocket } from 'baileys'

type Library = Pick<typeof import('baileys'), 'jidNormalizedUser' | 'toNumber'>

/** Under this one the library keeps for whom it has tokens. */
const index = '__index'

export async function storeTokens(library: Library, socket: WASocket, chats: readonly proto.IConversation[]): Promise<void> {
  const { keys } = socket.authState
  const came = await Promise.all(
    chats.map(async ({ id, tcToken, tcTokenTimestamp, tcTokenSenderTimestamp }) => {
      const timestamp = library.toNumber(tcTokenTimestamp ?? 0)
      if (id == null || tcToken == null || tcToken.length === 0 || timestamp === 0) return null
      const person = library.jidNormalizedUser(id)
      const hidden = person.endsWith('@lid') ? person : await socket.signalRepository.lidMapping.getLIDForPN(person)
      const senderTimestamp = tcTokenSenderTimestamp == null ? {} : { senderTimestamp: library.toNumber(tcTokenSenderTimestamp) }
      return { person: hidden ?? person, token: Buffer.from(tcToken), timestamp, senderTimestamp }
    }),
  )
  const tokens = came.filter((token) => token !== null)
  if (tokens.length === 0) return
  const known = await keys.get('tctoken', [index, ...tokens.map(({ person }) => person)])
  const newer = tokens.filter(({ person, timestamp }) => Number(known[person]?.timestamp ?? 0) < timestamp)
  if (newer.length === 0) return
  const entries = newer.map(({ person, token, timestamp, senderTimestamp }) => [
    person,
    { ...known[person], token, timestamp: String(timestamp), ...senderTimestamp },
  ])
  const people = new Set([...peopleIn(known[index]?.token), ...newer.map(({ person }) => person)])
  await keys.set({ tctoken: { ...Object.fromEntries(entries), [index]: { token: Buffer.from(JSON.stringify([...people])) } } })
}

function peopleIn(listed: Uint8Array | undefined): string[] {
  try {
    const people: unknown = JSON.parse(Buffer.from(listed ?? []).toString())
    return Array.isArray(people) ? people.filter((person) => typeof person === 'string') : []
  } catch {
    return []
  }
}
