/** Who is there, and who is writing. */

export type PresenceState = 'online' | 'offline' | 'typing' | 'recording'

export interface PresenceHappening {
  type: 'presence'
  chat: string
  /** Who it is about: in a person's chat that person, in a group one of its members. */
  person: string
  state: PresenceState
  /** When somebody who is offline was here last (ms); null where WhatsApp does not tell. */
  lastSeen: number | null
}
