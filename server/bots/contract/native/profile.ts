/** What the account says of itself, and who sees what of it. */
import { z } from 'zod'
import type { RouteDefinition } from '../../../http/contract.ts'
import { failure, userParams } from '../parts.ts'
import { asked, contactDetail } from './contacts.ts'
import { at, ok } from './messages.ts'

const everyone = z.enum(['all', 'contacts', 'contact_blacklist', 'none'])
const privacy = {
  lastSeen: everyone,
  online: z.enum(['all', 'match_last_seen']),
  picture: everyone,
  about: everyone,
  readReceipts: z.enum(['all', 'none']),
  groups: z.enum(['all', 'contacts', 'contact_blacklist']),
  calls: z.enum(['all', 'known']),
  messages: z.enum(['all', 'contacts']),
}
const said = z.string().nullable()
/** In WhatsApp's words, also those that are new; null where it says nothing. */
const privacyView = z.object({
  ...{ lastSeen: said, online: said, picture: said, about: said },
  ...{ readReceipts: said, groups: said, calls: said, messages: said },
})

/** A JPEG as base64. */
const jpeg = z.base64().max(1_400_000)
const shared = { tag: 'Profile', access: 'local', right: 'bots:use', params: userParams } as const
const profile = { 200: { description: 'The profile', body: ok.extend({ profile: contactDetail }) }, ...asked }

export const profileRoutes = {
  profile: {
    ...shared,
    method: 'GET',
    path: at('/profile'),
    summary: 'What the account says of itself',
    verb: 'write',
    responses: profile,
  },
  changeProfile: {
    ...shared,
    method: 'PATCH',
    path: at('/profile'),
    summary: 'Change the name and the about of the account',
    body: z
      .object({ name: z.string().trim().min(1).max(25).optional(), about: z.string().max(139).optional() })
      .refine(({ name, about }) => name !== undefined || about !== undefined, 'name or about is required'),
    responses: profile,
  },
  profilePicture: {
    ...shared,
    method: 'GET',
    path: at('/profile/picture'),
    summary: 'The picture of the account',
    verb: 'write',
    query: z.object({ size: z.enum(['preview', 'image']).default('image') }),
    responses: { ...asked, 200: { description: 'The picture', contentType: 'image/jpeg' }, 404: failure('No such session, or no picture') },
  },
  setProfilePicture: {
    ...shared,
    method: 'PUT',
    path: at('/profile/picture'),
    summary: 'Give the account a picture',
    description: 'A JPEG of up to 1 MB, square, 640 pixels wide: WhatsApp takes it as it is, nothing is cut or scaled here.',
    body: z.object({ data: jpeg }),
    bodyLimit: 1_500_000,
    responses: { 200: { description: 'Taken', body: ok }, ...asked },
  },
  removeProfilePicture: {
    ...shared,
    method: 'DELETE',
    path: at('/profile/picture'),
    summary: 'Take the picture of the account away',
    responses: { 200: { description: 'Taken away', body: ok }, ...asked },
  },
  privacy: {
    ...shared,
    method: 'GET',
    path: at('/privacy'),
    summary: 'Who sees what of the account',
    verb: 'write',
    responses: { 200: { description: 'As WhatsApp has it now', body: ok.extend({ privacy: privacyView }) }, ...asked },
  },
  changePrivacy: {
    ...shared,
    method: 'PATCH',
    path: at('/privacy'),
    summary: 'Change who sees what of the account',
    body: z.object(privacy).partial(),
    responses: { 200: { description: 'As WhatsApp has it now', body: ok.extend({ privacy: privacyView }) }, ...asked },
  },
} as const satisfies Record<string, RouteDefinition>
