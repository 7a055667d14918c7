/** Who is there, and who is writing. */

export type PresenceState = 'online' | 'offline' | 'typing' | 'recording'

/** What a connection does about it. */
export interface PresenceCalls {
  /** As online, or not. */
  show(available: boolean): Promise<void>
  /** Shows in the chat that something is being written or recorded, or that it is not any more. */
  write(chat: string, what: 'typing' | 'recording' | 'paused'): Promise<void>
  /** Has WhatsApp tell, until the connection ends. */
  follow(chat: string): Promise<void>
}

export interface PresenceHappening {
  type: 'presence'
  chat: string
  /** Who it is about: in a person's chat that person, in a group one of its members. */
  person: string
  state: PresenceState
  /** When somebody who is offline was here last (ms); null where WhatsApp does not tell. */
  lastSeen: number | null
}
