/** What the account says of itself, and who sees what of it. */
import type { WASocket } from 'baileys'
import type { Privacy, ProfileCalls } from '../contacts.ts'
import type { AppState } from './app-state.ts'
import type { Asker } from './asking.ts'

/** WhatsApp's names. */
const categories: Record<keyof Privacy, string> = {
  lastSeen: 'last',
  online: 'online',
  picture: 'profile',
  about: 'status',
  readReceipts: 'readreceipts',
  groups: 'groupadd',
  calls: 'calladd',
  messages: 'messages',
}
const server = 's.whatsapp.net'

export function profileCalls(socket: WASocket, me: () => string, { ask }: Asker, { change }: Pick<AppState, 'change'>): ProfileCalls {
  const set = (xmlns: string, tag: string, attrs: Record<string, string>, content: Uint8Array | undefined): Promise<unknown> =>
    ask(() =>
      socket.query({
        ...{ tag: 'iq', attrs: { to: server, type: 'set', xmlns } },
        ...(content === undefined ? {} : { content: [{ tag, attrs, content }] }),
      }),
    )
  return {
    me,
    setName: (name) => change({ pushNameSetting: name }, ''),
    setAbout: (text) => ask(() => socket.updateProfileStatus(text)),
    // The library's own way wants a program for pictures that is not here; WhatsApp takes a JPEG as it is.
    async setPicture(jpeg) {
      await set('w:profile:picture', 'picture', { type: 'image' }, jpeg ?? undefined)
    },
    async privacy() {
      const said = await ask(() => socket.fetchPrivacySettings(true))
      const entries = Object.entries(categories).map(([name, category]) => [name, said[category] ?? null])
      return Object.fromEntries(entries) as Privacy // one for each of its names
    },
    async setPrivacy(change) {
      const wanted = Object.entries(change).flatMap(
        ([name, value]) => (value === undefined ? [] : [{ tag: 'category', attrs: { name: categories[name as keyof Privacy], value } }]), // its own names
      )
      await ask(() =>
        socket.query({
          tag: 'iq',
          attrs: { xmlns: 'privacy', to: server, type: 'set' },
          content: [{ tag: 'privacy', attrs: {}, content: wanted }],
        }),
      )
    },
  }
}
