/** One event of a bot as a line. */
import type { BotEvent } from '../../../server/bots/contract/index.ts'
import { botState } from '../../../server/bots/contract/index.ts'
import type { Tone } from '../../presentation/tone.ts'
import { bytes } from '../../presentation/format.ts'
import { botPresentation } from './bot-presentation.ts'
import { kindText } from './chat/kinds.ts'
import { personText } from './chat/people.ts'
import { deliveryWords } from './chat/thread.ts'
import { calls, channelLine, chatChanges, files, flagWords, groupLine, labelChanges, presences } from './happening-words.ts'

/** By type; where a line has its own it is said there. */
const icons: Readonly<Record<BotEvent['type'], string>> = {
  message: 'i-lucide-message-square',
  edited: 'i-lucide-pencil',
  revoked: 'i-lucide-trash-2',
  pinned: 'i-lucide-pin',
  progress: 'i-lucide-check-check',
  state: 'i-lucide-activity',
  rule: 'i-lucide-list-checks',
  presence: 'i-lucide-eye',
  call: 'i-lucide-phone',
  chat: 'i-lucide-messages-square',
  label: 'i-lucide-tag',
  history: 'i-lucide-history',
  media: 'i-lucide-file-text',
  merged: 'i-lucide-link',
  restriction: 'i-lucide-triangle-alert',
  group: 'i-lucide-users',
  vote: 'i-lucide-chart-bar',
  channel: 'i-lucide-megaphone',
  status: 'i-lucide-circle-dashed',
}

type Said = Omit<EventLine, 'icon'> & { icon?: string }

export interface EventLine {
  tone: Tone
  icon: string
  title: string
  who: string
  text: string
}

export function eventLine(event: BotEvent): EventLine {
  return { icon: icons[event.type], ...said(event) }
}

function said(event: BotEvent): Said {
  switch (event.type) {
    case 'message': {
      const { fromMe, authorName, author, chat, kind, text } = event.message
      return {
        tone: 'busy',
        icon: fromMe ? 'i-lucide-send-horizontal' : 'i-lucide-message-square',
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
    case 'group':
      return groupLine(event)
    case 'status': {
      const { author, authorName, fromMe, kind, text } = event.status
      return {
        tone: 'off',
        title: event.what === 'posted' ? 'Status put up' : 'Status taken down',
        who: fromMe ? 'This account' : (authorName ?? personText(author)),
        text: text === '' ? kindText(kind) : text,
      }
    }
    case 'channel':
      return channelLine(event)
    case 'presence':
      return { tone: event.state === 'offline' ? 'off' : 'busy', title: presences[event.state], who: personText(event.person), text: '' }
    case 'call': {
      const { video, state, person } = event.call
      const [title, tone] = calls[state]
      return {
        ...(video ? { icon: 'i-lucide-video' } : {}),
        tone,
        title: `${video ? 'Video call' : 'Call'} ${title}`,
        who: personText(person),
        text: '',
      }
    }
    case 'chat':
      return { tone: 'off', title: chatChanges[event.what], who: personText(event.chat), text: event.messageId ?? flagWords(event) }
    case 'label':
      return {
        tone: 'off',
        title: labelChanges[event.what],
        who: event.chat === null ? '' : personText(event.chat),
        text: event.label.name,
      }
    case 'history':
      return {
        tone: 'off',
        title: 'Older messages',
        who: event.chat === null ? '' : personText(event.chat),
        text: `${event.came} came from the phone, ${event.kept} of them new to the log`,
      }
    case 'media': {
      const { state, problem, size } = event.media
      const [title, tone] = files[state]
      return { tone, title, who: personText(event.chat), text: problem ?? (size === null ? '' : bytes(size)) }
    }
    case 'merged':
      return { tone: 'off', title: 'Chats merged', who: personText(event.chat), text: `also known as ${event.was}` }
    case 'restriction':
      return event.restriction === null
        ? { tone: 'good', title: 'Held back no more', who: '', text: '' }
        : { tone: 'attention', title: 'Held back by WhatsApp', who: '', text: event.restriction.reason }
  }
}

function changeWords(event: Extract<BotEvent, { type: 'edited' | 'revoked' | 'pinned' }>): string {
  if (event.type === 'pinned') return event.message.pinned ? 'Message pinned' : 'Message unpinned'
  return event.type === 'edited' ? 'Message edited' : 'Message deleted'
}
