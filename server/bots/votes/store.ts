/** The tables of polls and votes. What is asked and what was chosen is sealed. */
import type { Database } from 'better-sqlite3'
import type { Sealer } from '../../secrets/sealer.ts'
import { quickly } from '../../store/database.ts'
import type { PollKey, SealedVote } from '../engine/votes.ts'
import { openOrNull } from '../locked/locked.ts'

export interface Poll {
  id: string
  chat: string
  fromMe: boolean
  at: number
  question: string
  options: string[]
  /** 0: any number. */
  selectable: number
  key: PollKey
}

export interface Vote {
  voter: string
  voterName: string | null
  fromMe: boolean
  at: number
  sealed: SealedVote
}

/** Votes that wait for a poll which may never come: a stranger can send as many as they like. */
const mostWaiting = 1_000

/** Where they are sealed. */
export const pollPlace = (userId: string, id: string): string => `bots:poll:${userId}:${id}`
export const votePlace = (userId: string, pollId: string): string => `bots:vote:${userId}:${pollId}`

export type VoteStore = ReturnType<typeof createVoteStore>

export function createVoteStore(database: Database, sealer: Sealer) {
  const insertPoll = database.prepare(
    'INSERT INTO bot_polls (user_id, message_id, chat, from_me, at, sealed) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  )
  const polls = database.prepare<[string, string], PollRow>(
    'SELECT message_id AS id, chat, from_me AS fromMe, at, sealed FROM bot_polls WHERE user_id = ? AND message_id = ?',
  )
  const putVote = database.prepare(`
    INSERT INTO bot_votes (user_id, poll_id, chat, voter, at, sealed) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET at = excluded.at, sealed = excluded.sealed WHERE excluded.at >= at`)
  const votes = database.prepare<[string, string, string], { voter: string; at: number; sealed: Buffer }>(
    'SELECT voter, at, sealed FROM bot_votes WHERE user_id = ? AND poll_id = ? AND chat = ? ORDER BY at, voter',
  )
  const waiting = database
    .prepare<[string], number>(
      `SELECT count(*) FROM bot_votes v WHERE user_id = ?
        AND NOT EXISTS (SELECT 1 FROM bot_polls p WHERE p.user_id = v.user_id AND p.message_id = v.poll_id)`,
    )
    .pluck()
  const trimPolls = database.prepare('DELETE FROM bot_polls WHERE user_id = ? AND at < ?')
  const trimVotes = database.prepare('DELETE FROM bot_votes WHERE user_id = ? AND at < ?')
  const clear = ['bot_polls', 'bot_votes'].map((table) =>
    database.prepare<[{ user: string; chat: string | null }]>(
      `DELETE FROM ${table} WHERE user_id = @user AND (@chat IS NULL OR chat = @chat)`,
    ),
  )

  return {
    /** False when it is known already. */
    addPoll(userId: string, { id, chat, fromMe, at, ...asked }: Poll): boolean {
      const sealed = sealer.seal(JSON.stringify(asked), pollPlace(userId, id))
      return quickly(database, () => insertPoll.run(userId, id, chat, fromMe ? 1 : 0, at, sealed)).changes > 0
    },
    /** All of this id: chats do not agree on ids. */
    polls: (userId: string, id: string): Poll[] =>
      polls.all(userId, id).flatMap(({ fromMe, sealed, ...row }) => {
        const asked = openOrNull(sealer, sealed, pollPlace(userId, id))
        // Written by `addPoll`, and sealed since.
        return asked === null
          ? []
          : [{ ...row, fromMe: fromMe === 1, ...(JSON.parse(asked) as Omit<Poll, 'id' | 'chat' | 'fromMe' | 'at'>) }]
      }),
    /** In the place of the voter's earlier one; false for one that is older than that. */
    putVote(userId: string, pollId: string, chat: string, { voter, at, ...vote }: Vote): boolean {
      const sealed = sealer.seal(JSON.stringify(vote), votePlace(userId, pollId))
      return quickly(database, () => putVote.run(userId, pollId, chat, voter, at, sealed)).changes > 0
    },
    /** The oldest first. */
    votes: (userId: string, pollId: string, chat: string): Vote[] =>
      votes.all(userId, pollId, chat).flatMap(({ voter, at, sealed }) => {
        const vote = openOrNull(sealer, sealed, votePlace(userId, pollId))
        // Written by `putVote`, and sealed since.
        return vote === null ? [] : [{ voter, at, ...(JSON.parse(vote) as Omit<Vote, 'voter' | 'at'>) }]
      }),
    takesMore: (userId: string): boolean => (waiting.get(userId) ?? 0) < mostWaiting,
    trim(userId: string, before: number): void {
      trimPolls.run(userId, before)
      trimVotes.run(userId, before)
    },
    clear: (userId: string, chat: string | null): void => clear.forEach((each) => void each.run({ user: userId, chat })),
  }
}

interface PollRow {
  id: string
  chat: string
  fromMe: number
  at: number
  sealed: Buffer
}
