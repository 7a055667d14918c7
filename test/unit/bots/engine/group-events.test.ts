/** What WhatsApp says of groups, as stanzas, and what it is told as. */
import type { BinaryNode } from 'baileys'
import { expect, test } from 'vitest'
import { groupHappenings } from '../../../../server/bots/engine/baileys/group-events.ts'
import { groupOf } from '../../../../server/bots/engine/baileys/group-nodes.ts'

const node = (tag: string, attrs: Record<string, string> = {}, content?: BinaryNode['content']): BinaryNode => ({
  tag,
  attrs,
  ...(content === undefined ? {} : { content }),
})
const group = '120363000000000001@g.us'
const [ann, bob] = ['900001@lid', '900002@lid']
const notice = (parts: BinaryNode[], more: Record<string, string> = {}): BinaryNode =>
  node(
    'notification',
    { from: group, type: 'w:gp2', id: 'n1', t: '1700000000', participant: ann, participant_pn: '15550100011@s.whatsapp.net', ...more },
    parts,
  )
const said = (parts: BinaryNode[], more?: Record<string, string>) =>
  groupHappenings(notice(parts, more), 5).map(({ what, text, settings, people }) => [what, text ?? settings ?? people.map(({ id }) => id)])

test('what somebody does, by himself or to others, has a word of its own', () => {
  const [him, her] = [node('participant', { jid: bob }), node('participant', { jid: ann })]
  expect(said([node('remove', {}, [him])])).toEqual([['removed', [bob]]])
  expect(said([node('remove', {}, [her])])).toEqual([['left', [ann]]])
  expect(said([node('created_membership_requests', { request_method: 'invite_link' })])).toEqual([['join-requested', [ann]]])
  expect(said([node('revoked_membership_requests', {}, [her])])).toEqual([['join-withdrawn', [ann]]])
  expect(said([node('revoked_membership_requests', {}, [him])])).toEqual([['join-rejected', [bob]]])
  expect(said([node('modify', {}, [him])])).toEqual([['number-changed', [bob]]])
  expect(said([node('delete')])).toEqual([['ended', []]])
  expect(said([node('description', { delete: 'true' })])).toEqual([['description', '']])
  expect(said([node('not_ephemeral')])).toEqual([['settings', { disappearAfter: 0 }]])
  expect(said([node('set', { id: '9', author: bob })], { type: 'picture' })).toEqual([['picture', 'set']])
})

test('a notice of several parts is several events, each with an id of its own; one that says nothing of groups is none', () => {
  const happenings = groupHappenings(notice([node('locked'), node('promote', {}, [node('participant', { jid: bob })])]), 5)
  expect(happenings.map(({ id, what }) => [id, what])).toEqual([
    ['n1.0', 'settings'],
    ['n1.1', 'promoted'],
  ])
  expect(happenings[0]).toMatchObject({ at: 1_700_000_000_000, by: { id: ann, number: '15550100011', hiddenId: ann } })
  expect(said([node('something-new')])).toEqual([])
  expect(said([node('set', { hash: 'x' })], { type: 'picture', from: '15550100011@s.whatsapp.net' })).toEqual([])
  expect(groupHappenings(notice([node('locked')], { t: 'soon' }), 5)).toMatchObject([{ at: 5 }])
})

test('a group that says little, or nonsense, is shown as far as it goes', () => {
  expect(groupOf(node('group', { id: '120363000000000001', creation: 'never', size: 'many' }))).toEqual({
    ...{
      id: group,
      subject: '',
      description: '',
      owner: null,
      createdAt: null,
      size: 0,
      hidesNumbers: false,
      community: null,
      kind: 'group',
    },
    ...{ members: [], settings: { send: 'everyone', edit: 'everyone', add: 'admins', approval: false, disappearAfter: 0 } },
  })
  expect(groupOf(node('group', { id: group }, [node('parent')])).kind).toBe('community')
  expect(groupOf(node('group', { id: group }, [node('default_sub_group')])).kind).toBe('announcements')
})
