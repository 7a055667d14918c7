import { proto } from 'baileys'
import { expect, test } from 'vitest'
import { partsOfHistory } from '../../../../server/bots/engine/baileys/history-parts.ts'

const { HistorySync, Conversation, HistorySyncMsg } = proto
const whole = Buffer.from(
  HistorySync.encode(
    HistorySync.fromObject({
      syncType: HistorySync.HistorySyncType.RECENT,
      progress: 300,
      phoneNumberToLidMappings: [{ pnJid: '1@s.whatsapp.net', lidJid: '2@lid' }],
      conversations: ['a', 'b'].map((id) => ({
        id: `${id}@s.whatsapp.net`,
        name: 'Näme',
        lastMsgTimestamp: 1_700_000_000,
        messages: [1, 2].map((place) => ({ message: { key: { id: `${id}${place}` }, messageTimestamp: 1_700_000_000 } })),
      })),
    }),
  ).finish(),
)

test('a history is the same in pieces', () => {
  const { rest, conversations } = partsOfHistory(whole)
  expect(HistorySync.decode(rest)).toMatchObject({ progress: 300, phoneNumberToLidMappings: [{ lidJid: '2@lid' }], conversations: [] })
  const read = [...conversations].map(({ head, messages }) => ({
    ...Conversation.decode(head),
    ids: messages.map((message) => HistorySyncMsg.decode(message).message?.key?.id),
  }))
  expect(read).toMatchObject([
    { id: 'a@s.whatsapp.net', name: 'Näme', ids: ['a1', 'a2'] },
    { id: 'b@s.whatsapp.net', ids: ['b1', 'b2'] },
  ])
})

test('a history that is cut off anywhere is read as far as it goes or refused, and never read on without end', () => {
  for (let end = 0; end < whole.length; end += 1) {
    try {
      for (const { messages } of partsOfHistory(whole.subarray(0, end)).conversations) expect(messages.length).toBeLessThan(3)
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError)
    }
  }
})
