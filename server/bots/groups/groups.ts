/** Groups of a bot: what is asked of WhatsApp, at a bot's pace, and what is kept of what happens in them. */
import type { Bot } from '../bot/bot.ts'
import type { Happening } from '../engine/happenings.ts'
import type { Group, GroupCalls, MemberChange, Outcome } from '../engine/groups.ts'
import { BotFault } from '../fault.ts'
import type { LogStore } from '../messages/log-store.ts'
import type { GroupPace } from './pace.ts'

export interface GroupsParts {
  pace: Pick<GroupPace, 'take'>
  log: Pick<LogStore, 'setName'>
}

/** All of it throws `bot-not-online`, `group-pace`, and what `group-refusals.ts` makes of a refusal. */
export class Groups {
  readonly #parts: GroupsParts

  constructor(parts: GroupsParts) {
    this.#parts = parts
  }

  /** For what changes nothing. */
  of(bot: Bot): GroupCalls {
    if (bot.live === null) throw new BotFault('bot-not-online', 'This session is not online')
    return bot.live.groups
  }

  /** For a change that brings nobody in. */
  changing(bot: Bot): GroupCalls {
    const calls = this.of(bot)
    this.#parts.pace.take(bot.row.userId, { change: 1 })
    return calls
  }

  create(bot: Bot, subject: string, people: readonly string[]): Promise<{ group: Group; people: Outcome[] }> {
    const calls = this.of(bot)
    this.#parts.pace.take(bot.row.userId, { join: 1, add: people.length })
    return calls.create(subject, people)
  }

  changeMembers(bot: Bot, group: string, change: MemberChange, people: readonly string[]): Promise<Outcome[]> {
    const calls = this.of(bot)
    this.#parts.pace.take(bot.row.userId, change === 'add' ? { add: people.length } : { change: 1 })
    return calls.changeMembers(group, change, people)
  }

  join(bot: Bot, code: string): Promise<{ group: string; waits: boolean }> {
    const calls = this.of(bot)
    this.#parts.pace.take(bot.row.userId, { join: 1 })
    return calls.join(code)
  }

  /** The list of chats names a group by its subject. */
  onHappening({ row }: Bot, happening: Happening): void {
    if (happening.type !== 'group' || !row.settings.keepsLog) return
    const { what, group, text } = happening
    if ((what === 'subject' || what === 'created') && text !== null && text !== '') this.#parts.log.setName(row.userId, group, text)
  }
}
