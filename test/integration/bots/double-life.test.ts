/** What goes on around messages on the double: groups, calls, who is there, and what an account is held back from. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectContact, type Contact } from '../../fakes/whatsapp/contact.ts'
import { WhatsAppDouble } from '../../fakes/whatsapp/double.ts'

let double: WhatsAppDouble
let ann: Contact
let bob: Contact

beforeAll(async () => {
  double = await WhatsAppDouble.start()
  ;[ann, bob] = await Promise.all([connectContact(double, '15550100011', 'Ann'), connectContact(double, '15550100012', 'Bob')])
})

afterAll(async () => {
  await Promise.all([ann.stop(), bob.stop()])
  await double.stop()
  expect(double.errors).toEqual([])
})

const chatOf = (number: string): string => `${number}@s.whatsapp.net`

test('a group is made, changed and left, and all members hear of it', async () => {
  const { id } = await ann.socket.groupCreate('Yard', [chatOf(bob.number)])
  expect(await bob.event('groups.upsert')).toMatchObject([{ id, subject: 'Yard', owner: chatOf(ann.number) }])
  double.groups.unaddable.add('15550100014')
  expect(await ann.socket.groupParticipantsUpdate(id, [chatOf('15550100013'), chatOf('15550100014')], 'add')).toMatchObject([
    { status: '200' },
    { status: '403', content: { content: [{ tag: 'add_request' }] } },
  ])
  expect(await bob.event('group-participants.update', ({ action }) => action === 'add')).toMatchObject({
    participants: [{ id: chatOf('15550100013'), lid: '9000015550100013@lid' }],
  })
  await ann.socket.groupParticipantsUpdate(id, [chatOf(bob.number)], 'promote')
  await bob.event('group-participants.update', ({ action }) => action === 'promote')
  await bob.socket.groupUpdateSubject(id, 'Yard 4')
  await ann.event('groups.update', ([group]) => group?.subject === 'Yard 4')
  await ann.socket.groupUpdateDescription(id, 'gates and ramps')
  await bob.event('groups.update', ([group]) => group?.desc === 'gates and ramps')
  await ann.socket.groupSettingUpdate(id, 'announcement')
  await bob.event('groups.update', ([group]) => group?.announce === true)
  expect(await bob.socket.groupMetadata(id)).toMatchObject({ subject: 'Yard 4', desc: 'gates and ramps', announce: true, size: 3 })
  await bob.socket.groupLeave(id)
  await ann.event(
    'group-participants.update',
    ({ action, participants }) => action === 'remove' && participants[0]?.id === chatOf(bob.number),
  )
  await expect(bob.socket.groupMetadata(id)).rejects.toMatchObject({ data: 403 })
})

test('who comes by the link waits until an admin approves', async () => {
  const { id } = await ann.socket.groupCreate('By link', [])
  await ann.socket.groupJoinApprovalMode(id, 'on')
  const code = (await ann.socket.groupInviteCode(id)) ?? ''
  expect(await bob.socket.groupGetInviteInfo(code)).toMatchObject({ id, subject: 'By link', joinApprovalMode: true })
  await bob.socket.groupAcceptInvite(code)
  expect(await ann.event('group.join-request')).toMatchObject({ id, action: 'created', method: 'invite_link' })
  expect(await ann.socket.groupRequestParticipantsList(id)).toMatchObject([{ jid: chatOf(bob.number) }])
  await ann.socket.groupRequestParticipantsUpdate(id, [chatOf(bob.number)], 'approve')
  await expect.poll(async () => (await bob.socket.groupMetadata(id)).size).toBe(2)
  await expect(bob.socket.groupUpdateSubject(id, 'mine')).resolves.toBeUndefined()
  await expect(bob.socket.groupSettingUpdate(id, 'locked')).rejects.toMatchObject({ data: 403 })
})

test('a call rings, is refused, or is missed', async () => {
  const call = double.calls.ring(ann.number, bob.number, { video: true })
  const [offer] = await bob.event('call', ([each]) => each?.id === call.id)
  expect(offer).toMatchObject({ status: 'offer', from: chatOf(ann.number), callerPn: chatOf(ann.number), isVideo: true, isGroup: false })
  await bob.socket.rejectCall(call.id, chatOf(ann.number))
  expect(call.state).toBe('rejected')
  const missed = double.calls.ring(ann.number, bob.number)
  double.calls.end(missed, 'timeout')
  await bob.event('call', ([each]) => each?.id === missed.id && each.status === 'timeout')
  expect((await bob.message(({ key }) => key.id === missed.id)).messageStubType).not.toBe(null)
})

test('whoever asks is told who is there, since when not, and who writes', async () => {
  await bob.socket.presenceSubscribe(chatOf(ann.number))
  double.presences.say(ann.number, 'unavailable', 1_700_000_000)
  const state = (wanted: string) =>
    bob.event('presence.update', ({ presences }) => presences[chatOf(ann.number)]?.lastKnownPresence === wanted)
  expect((await state('unavailable')).presences[chatOf(ann.number)]?.lastSeen).toBe(1_700_000_000)
  await ann.socket.sendPresenceUpdate('composing', chatOf(bob.number))
  await state('composing')
  await ann.socket.sendPresenceUpdate('recording', chatOf(bob.number))
  await state('recording')
})

test('an account that may begin no chats is told until when, and when it may again', async () => {
  double.restrictions.lock(double.account(bob.number), 1_900_000_000)
  expect(await bob.event('connection.update', ({ reachoutTimeLock }) => reachoutTimeLock?.isActive === true)).toMatchObject({
    reachoutTimeLock: { timeEnforcementEnds: new Date(1_900_000_000_000) },
  })
  expect(await bob.socket.fetchAccountReachoutTimelock()).toMatchObject({ isActive: true })
  double.restrictions.cap(double.account(bob.number), 9, 10)
  expect(await bob.event('message-capping.update')).toMatchObject({ used_quota: 9, total_quota: 10 })
  double.restrictions.lift(double.account(bob.number))
  await bob.event('connection.update', ({ reachoutTimeLock }) => reachoutTimeLock?.isActive === false)
})
