/** The people a bot knows: names, pictures, what they say of themselves, whom it has blocked. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../../http/contract.ts'
import { failure, person, userParams } from '../parts.ts'
import { at, ok, refusals } from './messages.ts'

export const contactView = z.object({
  id: z.string(),
  /** Digits; null for a person whom WhatsApp names by a hidden id alone. */
  phoneNumber: z.string().nullable(),
  /** The hidden id, where it is known. */
  lid: z.string().nullable(),
  /** As the phone's address book has it. */
  name: z.string().nullable(),
  /** As the person calls themselves. */
  pushName: z.string().nullable(),
  /** As WhatsApp has verified the business. */
  businessName: z.string().nullable(),
  blocked: z.boolean(),
})
export type ContactView = z.output<typeof contactView>

export const contactDetail = contactView.extend({
  /** What only WhatsApp knows is null while the session is not online, and where the person does not show it. */
  about: z.object({ text: z.string(), setAt: isoTime.nullable() }).nullable(),
  business: z
    .object({
      description: z.string(),
      websites: z.array(z.string()),
      email: z.string().nullable(),
      category: z.string().nullable(),
      address: z.string().nullable(),
    })
    .nullable(),
  /** Where WhatsApp has the picture, for a while; its bytes are at `…/picture`. */
  pictureUrl: z.string().nullable(),
})
export type ContactDetailView = z.output<typeof contactDetail>

const contactParams = userParams.extend({ contact: person })
const shared = { tag: 'Contacts', access: 'local', right: 'bots:use' } as const
const list = { ...shared, params: userParams } as const
const one = { ...shared, params: contactParams } as const
/** Of what asks WhatsApp. */
export const asked = {
  ...refusals,
  409: failure('The session is not online, or its phone has not shared its keys yet'),
  429: failure('WhatsApp was asked too much'),
  502: failure('WhatsApp refused it'),
  504: failure('WhatsApp did not answer in time'),
}

export const contactRoutes = {
  contacts: {
    ...list,
    method: 'GET',
    path: at('/contacts'),
    summary: 'People the account knows',
    description:
      'Those of the phone’s address book and those it has met, as they were heard of since linking; kept sealed. `next`, when there is one, is the `after` of the following page; a search may answer with a page that holds fewer.',
    verb: 'write',
    query: z.object({
      search: z.string().max(100).optional(),
      saved: z.stringbool().optional(),
      blocked: z.stringbool().optional(),
      after: z.string().max(60).optional(),
      limit: z.coerce.number().int().min(1).max(500).default(100),
    }),
    responses: {
      200: { description: 'Contacts', body: ok.extend({ contacts: z.array(contactView), next: z.string().nullable() }) },
      ...refusals,
    },
  },
  contact: {
    ...one,
    method: 'GET',
    path: at('/contacts/:contact'),
    summary: 'One person, with what they say of themselves',
    verb: 'write',
    responses: { 200: { description: 'The contact', body: ok.extend({ contact: contactDetail }) }, ...asked },
  },
  contactPicture: {
    ...one,
    method: 'GET',
    path: at('/contacts/:contact/picture'),
    summary: 'The picture of a person',
    description: 'Kept in memory for an hour. `size=image` is the large one.',
    verb: 'write',
    query: z.object({ size: z.enum(['preview', 'image']).default('preview') }),
    responses: { ...asked, 200: { description: 'The picture', contentType: 'image/jpeg' }, 404: failure('No such session, or no picture') },
  },
  saveContact: {
    ...one,
    method: 'PUT',
    path: at('/contacts/:contact'),
    summary: 'Put a person into the phone’s address book, or rename them there',
    body: z.object({ name: z.string().trim().min(1).max(200) }),
    responses: { 200: { description: 'The contact', body: ok.extend({ contact: contactView }) }, ...asked },
  },
  removeContact: {
    ...one,
    method: 'DELETE',
    path: at('/contacts/:contact'),
    summary: 'Take a person out of the phone’s address book',
    responses: { 200: { description: 'Taken out', body: ok }, ...asked },
  },
  blockContact: {
    ...one,
    method: 'POST',
    path: at('/contacts/:contact/block'),
    summary: 'Block a person',
    responses: { 200: { description: 'Blocked', body: ok }, ...asked },
  },
  unblockContact: {
    ...one,
    method: 'DELETE',
    path: at('/contacts/:contact/block'),
    summary: 'Unblock a person',
    responses: { 200: { description: 'Unblocked', body: ok }, ...asked },
  },
  blockList: {
    ...list,
    method: 'GET',
    path: at('/blocked'),
    summary: 'Whom the account has blocked, as WhatsApp has it now',
    verb: 'write',
    responses: { 200: { description: 'Contacts', body: ok.extend({ contacts: z.array(contactView) }) }, ...asked },
  },
} as const satisfies Record<string, RouteDefinition>
