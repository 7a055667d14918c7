/** The people an account knows, and what it says of itself. People by their WhatsApp ids (`address.ts`). */

/** What was heard of somebody; a field that is left out says nothing, null that there is none. */
export interface ContactFacts {
  id: string
  lid?: string | undefined
  /** As the account's address book has it. */
  name?: string | null
  /** As the person calls themselves. */
  pushName?: string
  /** As WhatsApp has verified the business. */
  businessName?: string
  picture?: 'changed'
}

export type ContactHappening =
  | { type: 'contacts'; contacts: readonly ContactFacts[] }
  /** `whole`: these and nobody else. */
  | { type: 'blocked'; people: readonly string[]; how: 'whole' | 'added' | 'removed' }

export interface About {
  text: string
  /** Ms; null where WhatsApp does not say. */
  setAt: number | null
}

export interface Business {
  description: string
  websites: string[]
  email: string | null
  category: string | null
  address: string | null
}

export interface Picture {
  bytes: Buffer
  mimetype: string
}

export type PictureSize = 'preview' | 'image'

/** What a connection asks and orders about people. Throws `whatsapp-refused`, `lookup-held`, `message-unanswered`, `connection-lost`. */
export interface ContactCalls {
  /** In the address book of the phone. Throws `phone-keys-missing`. */
  save(person: string, name: { fullName: string; firstName: string }): Promise<void>
  remove(person: string): Promise<void>
  block(person: string, blocked: boolean): Promise<void>
  blocked(): Promise<string[]>
  /** Null where there is none, or the person does not show it. */
  about(person: string): Promise<About | null>
  business(person: string): Promise<Business | null>
  pictureUrl(person: string, size: PictureSize): Promise<string | null>
  /** Throws `picture-unreachable` where it is announced and cannot be fetched. */
  picture(person: string, size: PictureSize): Promise<Picture | null>
}

export const privacyNames = ['lastSeen', 'online', 'picture', 'about', 'readReceipts', 'groups', 'calls', 'messages'] as const
/** Who sees what: `all`, `contacts`, `contact_blacklist`, `none`, `match_last_seen`, `known`; null where WhatsApp says nothing. */
export type Privacy = Record<(typeof privacyNames)[number], string | null>

export interface ProfileCalls {
  /** The account's own id. */
  me(): string
  setName(name: string): Promise<void>
  setAbout(text: string): Promise<void>
  /** A JPEG; null takes it away. */
  setPicture(jpeg: Buffer | null): Promise<void>
  privacy(): Promise<Privacy>
  setPrivacy(change: { [Name in keyof Privacy]?: string | undefined }): Promise<void>
}
