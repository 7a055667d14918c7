/** One event of a bot as a line. */
import type { BotEvent } from '../../../server/bots/contract/index.ts'
import { botState } from '../../../server/bots/contract/index.ts'
import type { Tone } from '../../presentation/tone.ts'
import { botPresentation } from './bot-presentation.ts'
import { kindText } from './chat/kinds.ts'
import { personText } from './chat/people.ts'
import { deliveryWords } from './chat/thread.ts'

export interface EventLine {
  tone: Tone
  title: string
  who: string
  text: string
}

export function eventLine(event: BotEvent): EventLine {
  switch (event.type) {
    case 'message': {
      const { fromMe, authorName, author, chat, kind, text } = event.message
      return {
        tone: 'busy',
        title: fromMe ? 'Message out' : 'Message in',
        who: fromMe ? personText(chat) : (authorName ?? personText(author)),
        text: text === '' || kind === 'reaction' ? `${kindText(kind)} ${text}`.trim() : text,
      }
    }
    case 'edited':
    case 'revoked':
    case 'pinned': {
      const { authorName, author, chat, fromMe } = event.message
      return {
        tone: 'off',
        title: changeWords(event),
        who: fromMe ? personText(chat) : (authorName ?? personText(author)),
        text: event.type === 'edited' ? event.message.text : event.message.id,
      }
    }
    case 'progress': {
      const { status, chat, messageId, problem } = event.message
      return {
        tone: status === 'failed' ? 'bad' : status === 'read' || status === 'delivered' ? 'good' : 'off',
        title: deliveryWords[status],
        who: personText(chat),
        text: problem ?? messageId,
      }
    }
    case 'state': {
      const state = botState.safeParse(event.state).data
      return {
        tone: state === undefined ? 'off' : botPresentation(state).tone,
        title: state === undefined ? event.state : botPresentation(state).label,
        who: '',
        text: event.reason ?? '',
      }
    }
    case 'rule': {
      const words = { done: 'Rule acted', held: 'Rule held back', failed: 'Rule failed' } as const
      const tones = { done: 'good', held: 'attention', failed: 'bad' } as const
      return {
        tone: tones[event.outcome],
        title: words[event.outcome],
        who: personText(event.chat),
        text: event.problem === null ? event.rule.name : `${event.rule.name}: ${event.problem}`,
      }
    }
    case 'vote': {
      const { voter, voterName, options } = event.vote
      return {
        tone: 'off',
        title: 'Vote',
        who: voterName ?? personText(voter),
        text: `${event.poll.question}: ${options.length === 0 ? 'taken back' : options.join(', ')}`,
      }
    }
    case 'group': {
      const { what, by, people, text } = event.group
      return {
        tone: 'off',
        title: `Group: ${what.replaceAll('-', ' ')}`,
        who: by === null ? '' : personText(by.id),
        text: people.length > 0 ? people.map(({ id }) => personText(id)).join(', ') : (text ?? ''),
      }
    }
    case 'status': {
      const { author, authorName, text } = event.status
      return { tone: 'off', title: event.what === 'posted' ? 'Status' : 'Status taken down', who: authorName ?? personText(author), text }
    }
    case 'channel':
      return {
        tone: 'off',
        title: `Channel: ${event.what}`,
        who: event.channel,
        text: event.emoji ?? event.name ?? event.description ?? '',
      }
    case 'merged':
      return { tone: 'off', title: 'Chats merged', who: personText(event.chat), text: `also known as ${event.was}` }
    case 'restriction':
      return event.restriction === null
        ? { tone: 'good', title: 'Held back no more', who: '', text: '' }
        : { tone: 'attention', title: 'Held back by WhatsApp', who: '', text: event.restriction.reason }
    default:
      return { tone: 'off', title: event.type, who: 'chat' in event && event.chat !== null ? personText(event.chat) : '', text: '' }
  }
}

function changeWords(event: Extract<BotEvent, { type: 'edited' | 'revoked' | 'pinned' }>): string {
  if (event.type === 'pinned') return event.message.pinned ? 'Message pinned' : 'Message unpinned'
  return event.type === 'edited' ? 'Message edited' : 'Message deleted'
}
