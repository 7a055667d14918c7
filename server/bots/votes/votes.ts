/**
 * Who chose what in polls, those that bots have asked and those they were asked. What counts is the newest vote of each person; a poll and
 * its votes may come in any order, and come again.
 */
import { iso } from '../../clock.ts'
import { BotFault } from '../fault.ts'
import type { BotEvent } from '../contract/native/events.ts'
import type { PollVotes } from '../contract/native/votes.ts'
import type { Message } from '../engine/message.ts'
import { placeOf } from '../engine/place.ts'
import type { Bot } from '../bot/bot.ts'
import { openVote, optionHash } from '../engine/votes.ts'
import type { Poll, Vote, VoteStore } from './store.ts'

export interface VotesParts {
  store: VoteStore
  tell(event: BotEvent): void
}

interface OpenVote extends Vote {
  options: string[]
}

export class Votes {
  readonly #parts: VotesParts

  constructor(parts: VotesParts) {
    this.#parts = parts
  }

  /** A poll can be voted in from now on. */
  remember(userId: string, message: Message): void {
    if (message.pollKey !== undefined) this.#onPoll(userId, message, message.pollKey)
  }

  /** Counts and tells a vote; false for what is none. */
  takes({ row: { userId, settings } }: Bot, message: Message): boolean {
    if (message.vote === undefined) return false
    const place = placeOf(message.chat)
    if (place === 'people' || !settings.ignores[place]) this.#onVote(userId, message, message.vote)
    return true
  }

  /** Throws `poll-not-found`. Of two polls that have the same id the one in this chat, or the newer one. */
  of(userId: string, pollId: string, chat: string | null): PollVotes {
    const poll = this.find(userId, pollId, chat)
    if (poll === null) throw new BotFault('poll-not-found', 'No such poll, or what opens its votes is not known here')
    const { id, question, options, selectable, fromMe, at } = poll
    const votes = this.#votesOf(userId, poll)
    return {
      poll: { id, chat: poll.chat, question, options, selectable, fromMe, at: iso(at) },
      totals: totalsOf(poll, votes),
      votes: votes
        .filter((vote) => vote.options.length > 0)
        .map((vote) => ({ voter: vote.voter, voterName: vote.voterName, fromMe: vote.fromMe, options: vote.options, at: iso(vote.at) })),
    }
  }

  find(userId: string, pollId: string, chat: string | null): Poll | null {
    const found = this.#parts.store.polls(userId, pollId).filter((each) => chat === null || each.chat === chat)
    return found.toSorted((a, b) => b.at - a.at)[0] ?? null
  }

  trim(userId: string, before: number): void {
    this.#parts.store.trim(userId, before)
  }

  clear(userId: string, chat: string | null): void {
    this.#parts.store.clear(userId, chat)
  }

  #onPoll(userId: string, { id, chat, fromMe, at, text, details }: Message, key: Poll['key']): void {
    const { options = [], selectable = 0 } = details.poll ?? {}
    const poll: Poll = { id, chat, fromMe, at, question: text, options, selectable, key }
    if (!this.#parts.store.addPoll(userId, poll)) return
    for (const vote of this.#votesOf(userId, poll)) this.#tell(userId, poll, vote)
  }

  #onVote(userId: string, { chat, author, authorName, fromMe, at }: Message, sealed: Vote['sealed']): void {
    const { store } = this.#parts
    const poll = store.polls(userId, sealed.poll).find((each) => each.chat === chat || each.fromMe)
    const vote: Vote = { voter: author, voterName: authorName, fromMe, at, sealed }
    if (poll === undefined) {
      if (store.takesMore(userId)) store.putVote(userId, sealed.poll, chat, vote)
      return
    }
    const read = opened(poll, vote)
    if (read !== null && store.putVote(userId, poll.id, poll.chat, vote)) this.#tell(userId, poll, read)
  }

  #votesOf(userId: string, poll: Poll): OpenVote[] {
    return this.#parts.store.votes(userId, poll.id, poll.chat).flatMap((vote) => opened(poll, vote) ?? [])
  }

  #tell(userId: string, poll: Poll, { voter, voterName, fromMe, options, at }: OpenVote): void {
    this.#parts.tell({
      type: 'vote',
      userId,
      chat: poll.chat,
      poll: { id: poll.id, question: poll.question, fromMe: poll.fromMe },
      vote: { voter, voterName, fromMe, options, at: iso(at) },
      totals: totalsOf(poll, this.#votesOf(userId, poll)),
    })
  }
}

/** Null for what the poll's secret does not open; options that the poll does not have count for nothing. */
function opened(poll: Poll, vote: Vote): OpenVote | null {
  const chosen = openVote(vote.sealed, poll.key)
  return chosen === null ? null : { ...vote, options: poll.options.filter((option) => chosen.includes(optionHash(option))) }
}

function totalsOf({ options }: Poll, votes: readonly OpenVote[]): { option: string; votes: number }[] {
  return options.map((option) => ({ option, votes: votes.filter((vote) => vote.options.includes(option)).length }))
}
