/** Binds the routes of the account's own profile. */
import type { Handlers } from '../../http/api.ts'
import type { Contract } from '../../http/contract.ts'
import type { Bot } from '../bot/bot.ts'
import type { ContactDetailView } from '../contract/native/contacts.ts'
import type { profileRoutes } from '../contract/native/profile.ts'
import type { Connection } from '../engine/engine.ts'
import { BotFault } from '../fault.ts'
import { detailView, type ContactParts } from './contacts.ts'
import { liveConnection } from './live-connection.ts'

export function profileHandlers({ service, contacts }: ContactParts): Handlers<Contract<typeof profileRoutes>['routes']> {
  const ok = { status: 200 as const, body: { success: true as const } }
  const asked = (userId: string): { bot: Bot; live: Connection } => {
    const bot = service.get(userId)
    return { bot, live: liveConnection(bot) }
  }
  async function setPicture(userId: string, jpeg: Buffer | null): Promise<void> {
    const { live } = asked(userId)
    await live.profile.setPicture(jpeg)
    contacts.forgetPicture(userId, live.profile.me())
  }

  async function profileOf({ bot, live }: { bot: Bot; live: Connection }): Promise<{ success: true; profile: ContactDetailView }> {
    const me = live.profile.me()
    const [about, business, pictureUrl] = await Promise.all([
      live.contacts.about(me),
      live.contacts.business(me),
      live.contacts.pictureUrl(me, 'image'),
    ])
    const { lid = null, businessName = null } = contacts.find(bot.row.userId, me) ?? {}
    const own = { person: me, lid, blocked: false, name: null, pushName: bot.row.name, businessName }
    return { success: true, profile: detailView({ ...own, about, business, pictureUrl }) }
  }

  return {
    profile: async ({ params }) => ({ status: 200, body: await profileOf(asked(params.userId)) }),
    changeProfile: async ({ params, body: { name, about } }) => {
      const own = asked(params.userId)
      if (name !== undefined) await own.live.profile.setName(name)
      if (about !== undefined) await own.live.profile.setAbout(about)
      const body = await profileOf(own)
      return { status: 200, body: { ...body, profile: { ...body.profile, pushName: name ?? body.profile.pushName } } }
    },
    profilePicture: async ({ params, query }) => {
      const { bot, live } = asked(params.userId)
      const { bytes, mimetype } = await contacts.picture(bot, live.contacts, live.profile.me(), query.size)
      return { status: 200, body: bytes, headers: { 'content-type': mimetype } }
    },
    setProfilePicture: async ({ params, body }) => {
      const jpeg = Buffer.from(body.data, 'base64')
      if (!jpeg.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff]))) throw new BotFault('picture-malformed', 'The picture is no JPEG')
      await setPicture(params.userId, jpeg)
      return ok
    },
    removeProfilePicture: async ({ params }) => {
      await setPicture(params.userId, null)
      return ok
    },
    privacy: async ({ params }) => ({
      status: 200,
      body: { success: true, privacy: await asked(params.userId).live.profile.privacy() },
    }),
    changePrivacy: async ({ params, body }) => {
      const { live } = asked(params.userId)
      await live.profile.setPrivacy(body)
      return { status: 200, body: { success: true, privacy: await live.profile.privacy() } }
    },
  }
}
