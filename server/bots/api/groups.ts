/** Binds the routes of groups. */
import { iso } from '../../clock.ts'
import type { Handlers } from '../../http/api.ts'
import type { Contract } from '../../http/contract.ts'
import type { Bot } from '../bot/bot.ts'
import type { GroupFactsView, GroupView } from '../contract/native/group-views.ts'
import type { groupRoutes } from '../contract/native/groups.ts'
import type { Group, GroupFacts, JoinRequest, Outcome } from '../engine/groups.ts'
import { wholeOf } from '../engine/bytes.ts'
import { BotFault } from '../fault.ts'
import type { Contacts } from '../contacts/contacts.ts'
import type { Media } from '../media/media.ts'
import type { Groups } from '../groups/groups.ts'
import type { BotService } from '../service.ts'
import { liveConnection } from './live-connection.ts'
import { isoOrNull } from './views.ts'

export interface GroupRouteParts {
  service: BotService
  groups: Groups
  contacts: Contacts
  media: Media
}

const mostPictureBytes = 8 * 1_048_576
const linkStart = 'https://chat.whatsapp.com/'

export function groupHandlers({ service, groups, contacts, media }: GroupRouteParts): Handlers<Contract<typeof groupRoutes>['routes']> {
  const ok = { status: 200 as const, body: { success: true as const } }
  const botOf = ({ userId }: { userId: string }): Bot => service.get(userId)
  const outcomes = (people: readonly Outcome[]) => ({
    status: 200 as const,
    body: { success: true as const, people: people.map(outcomeView) },
  })
  const link = (code: string) => ({ status: 200 as const, body: { success: true as const, code, link: linkStart + code } })
  return {
    createGroup: async ({ params, body }) => {
      const { group, people } = await groups.create(botOf(params), body.subject, body.people)
      return { status: 201, body: { success: true, group: groupView(group), people: people.map(outcomeView) } }
    },
    group: async ({ params }) => {
      const group = await groups.of(botOf(params)).read(params.groupId)
      return { status: 200, body: { success: true, group: groupView(group) } }
    },
    changeMembers: async ({ params, body }) =>
      outcomes(await groups.changeMembers(botOf(params), params.groupId, body.action, body.people)),
    setGroupSubject: async ({ params, body }) => {
      await groups.changing(botOf(params)).setSubject(params.groupId, body.subject)
      return ok
    },
    setGroupDescription: async ({ params, body }) => {
      await groups.changing(botOf(params)).setDescription(params.groupId, body.description)
      return ok
    },
    changeGroupSettings: async ({ params, body }) => {
      await groups.changing(botOf(params)).set(params.groupId, body)
      return ok
    },
    groupPicture: async ({ params }) => ({
      status: 200,
      body: { success: true, url: await groups.of(botOf(params)).picture(params.groupId) },
    }),
    groupPictureImage: async ({ params, query }) => {
      const bot = botOf(params)
      const { bytes, mimetype } = await contacts.picture(bot, liveConnection(bot).contacts, params.groupId, query.size)
      return { status: 200, body: bytes, headers: { 'content-type': mimetype, 'cache-control': 'private, max-age=300' } }
    },
    setGroupPicture: async ({ params, body }, call) => {
      const bot = botOf(params)
      const { bytes } = await media.sources.open(params.userId, body, 'image', call.signal)
      if (bytes.size > mostPictureBytes) throw new BotFault('picture-unusable', 'A picture of a group has 8 MiB at most')
      await groups.changing(bot).setPicture(params.groupId, await wholeOf(bytes))
      return ok
    },
    removeGroupPicture: async ({ params }) => {
      await groups.changing(botOf(params)).setPicture(params.groupId, null)
      return ok
    },
    groupInvite: async ({ params }) => link(await groups.of(botOf(params)).invite(params.groupId)),
    revokeGroupInvite: async ({ params }) => link(await groups.changing(botOf(params)).revokeInvite(params.groupId)),
    joinRequests: async ({ params }) => ({
      status: 200,
      body: { success: true, requests: (await groups.of(botOf(params)).requests(params.groupId)).map(requestView) },
    }),
    decideRequests: async ({ params, body }) =>
      outcomes(await groups.changing(botOf(params)).decide(params.groupId, body.action, body.people)),
    leaveGroup: async ({ params }) => {
      await groups.changing(botOf(params)).leave(params.groupId)
      return ok
    },
    inviteInfo: async ({ params }) => ({
      status: 200,
      body: { success: true, group: factsView(await groups.of(botOf(params)).inviteInfo(params.code)) },
    }),
    joinGroup: async ({ params }) => ({ status: 200, body: { success: true, ...(await groups.join(botOf(params), params.code)) } }),
  }
}

function factsView({ createdAt, ...group }: GroupFacts): GroupFactsView {
  return { ...group, createdAt: isoOrNull(createdAt) }
}

function groupView({ members, ...facts }: Group): GroupView {
  return { ...factsView(facts), members }
}

function outcomeView({ invite, ...person }: Outcome) {
  return { ...person, invite: invite === null ? null : { code: invite.code, expiresAt: isoOrNull(invite.expiresAt) } }
}

function requestView({ at, ...person }: JoinRequest) {
  return { ...person, at: at === null ? null : iso(at) }
}
