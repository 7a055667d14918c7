/** Who is who: what is learned from whatever WhatsApp says, and what of it is right when it says otherwise later. */
import { EventEmitter } from 'node:events'
import type { AuthenticationCreds, BinaryNode, WASocket } from 'baileys'
import { beforeEach, expect, test } from 'vitest'
import { hearPeople, pairsIn, withKeys } from '../../../../server/bots/engine/baileys/people.ts'
import type { KnownPeople } from '../../../../server/bots/engine/people.ts'
import { People } from '../../../../server/bots/people/people.ts'
import { openDatabase } from '../../../../server/store/database.ts'
import { migrate } from '../../../../server/store/migrate.ts'
import { node } from '../../../fakes/whatsapp/nodes.ts'

const [ann, ben, me] = ['15550100011@s.whatsapp.net', '15550100012@s.whatsapp.net', '15550100142@s.whatsapp.net']
const [annLid, benLid, myLid] = ['9000015550100011@lid', '9000015550100012@lid', '9000015550100142@lid']
let merged: string[]
let people: KnownPeople

beforeEach(() => {
  const database = openDatabase(':memory:')
  migrate(database)
  database.exec(`INSERT INTO bots (user_id, phone_number, label, notes, settings, wanted, state, since, created_at)
    VALUES ('gate', '15550100142', '', '', '{}', 0, 'stopped', 0, 0)`)
  merged = []
  people = new People({
    database,
    merge: () => true,
    onMerged: (_, was, chat) => void merged.push(`${was} > ${chat}`),
  }).of('gate')
})

/** As an engine hears them, whose account is `me`. */
function hearing(kept: Record<string, string> = {}): { known: KnownPeople; say(frame: BinaryNode): BinaryNode } {
  const ws = new EventEmitter()
  const known = withKeys(
    people,
    { get: (_, [id = '']) => new Map(kept[id] === undefined ? [] : [[id, Buffer.from(JSON.stringify(kept[id]))]]) },
    // Only these parts of them are looked at.
    { creds: () => ({ me: { id: me, lid: myLid } }) as AuthenticationCreds, isOver: () => false },
  )
  hearPeople({ ws } as unknown as WASocket, known)
  return { known, say: (frame) => (ws.emit('frame', frame), frame) }
}

test('pairs are read from messages, groups, calls and answers, however deep they lie', () => {
  const participants = [node('participant', { jid: annLid, phone_number: ann }), node('participant', { jid: ben, lid: benLid })]
  expect(pairsIn(node('iq', {}, [node('group', { creator: annLid, creator_pn: ann }, participants)]))).toEqual([
    { other: annLid, id: ann },
    { other: annLid, id: ann },
    { other: benLid, id: ben },
  ])
  expect(pairsIn(node('message', { from: '9000015550100011:7@lid', sender_pn: ann }))).toEqual([{ other: annLid, id: ann }])
  expect(pairsIn(node('usync', {}, [node('list', {}, [node('user', { jid: ben }, [node('lid', { val: benLid })])])]))).toEqual([
    { other: benLid, id: ben },
  ])
  expect(pairsIn(node('call', { from: annLid }, [node('offer', { 'call-creator': annLid, caller_pn: ann })]))).toHaveLength(1)
  expect(pairsIn(node('message', { from: '120363000000000001@g.us', participant: annLid, participant_pn: 'nobody' }))).toEqual([])
})

test('what the account writes elsewhere makes nobody of its receivers the account itself', () => {
  const { known, say } = hearing()
  const own = say(node('message', { from: myLid, sender_pn: `15550100142:3@s.whatsapp.net`, recipient: annLid, peer_recipient_pn: ann }))
  expect([known.idOf(myLid), known.idOf(annLid)]).toEqual([me, ann])
  expect(own.attrs).toEqual({ from: myLid, recipient: annLid, peer_recipient_pn: ann })
  known.learn([{ other: benLid, id: me }])
  expect(known.idOf(benLid)).toBe(benLid)
})

test('a person who is known to the library alone, as after a restore, is known here', () => {
  const { known } = hearing({ '9000015550100011_reverse': '15550100011', '15550100012': '9000015550100012' })
  expect(known.idOf('9000015550100011:4@lid')).toBe(ann)
  expect(known.hiddenIdOf(ben)).toBe(benLid)
  expect(people.idOf(annLid)).toBe(ann)
})

test('the newest is right: numbers change hands, people change numbers, and a number is written otherwise than it was', () => {
  people.learn([{ other: annLid, id: ann }])
  people.learn([{ other: annLid, id: ben }])
  expect([people.idOf(annLid), people.hiddenIdOf(ben), people.hiddenIdOf(ann)]).toEqual([ben, annLid, null])
  people.learn([{ other: benLid, id: ben }])
  expect([people.hiddenIdOf(ben), people.idOf(annLid)]).toEqual([benLid, annLid])
  const [written, account] = ['5511987654321@s.whatsapp.net', '551187654321@s.whatsapp.net']
  people.learn([{ other: written, id: account }])
  people.learn([{ other: annLid, id: written }])
  expect([people.idOf(written), people.idOf(annLid)]).toEqual([account, account])
  const { say } = hearing()
  say(node('message', { from: written, sender_lid: annLid }))
  expect([people.idOf(account), people.idOf(annLid), people.idOf(written)]).toEqual([written, written, written])
  expect(merged).toContain(`${account} > ${written}`)
  expect(people.addressOf(written)).toBe(written)
  people.heard(written, annLid)
  expect(people.addressOf(account)).toBe(annLid)
})
