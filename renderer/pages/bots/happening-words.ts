/** What happens to an account besides messages, in words for one line each. */
import type { BotEvent } from '../../../server/bots/contract/index.ts'
import type { Tone } from '../../presentation/tone.ts'
import { personText } from './chat/people.ts'

type Of<Type extends BotEvent['type']> = Extract<BotEvent, { type: Type }>
interface Line {
  tone: Tone
  title: string
  who: string
  text: string
}

export const presences: Readonly<Record<Of<'presence'>['state'], string>> = {
  online: 'Online',
  offline: 'Offline',
  typing: 'Writes',
  recording: 'Records a voice note',
}

export const calls: Readonly<Record<Of<'call'>['call']['state'], readonly [title: string, tone: Tone]>> = {
  offered: ['rings', 'busy'],
  accepted: ['taken on the phone', 'good'],
  rejected: ['refused', 'off'],
  missed: ['missed', 'attention'],
  ended: ['over', 'off'],
}

export const files: Readonly<Record<Of<'media'>['media']['state'], readonly [title: string, tone: Tone]>> = {
  kept: ['File is here', 'good'],
  waiting: ['File waits', 'off'],
  gone: ['File is gone', 'attention'],
  refused: ['File was not kept', 'attention'],
}

export const chatChanges: Readonly<Record<Of<'chat'>['what'], string>> = {
  changed: 'Chat sorted',
  deleted: 'Chat deleted',
  cleared: 'Chat emptied',
  starred: 'Message starred',
  unstarred: 'Star taken off',
  'message-erased': 'Message erased here',
}

/** How the chat stands now. */
export function flagWords({ archived, pinned, mutedUntil, markedUnread }: Of<'chat'>): string {
  const words = [
    archived ? 'archived' : null,
    pinned ? 'pinned' : null,
    mutedUntil === null ? null : 'muted',
    markedUnread ? 'marked as unread' : null,
  ].filter((word) => word !== null)
  return words.join(', ')
}

export const labelChanges: Readonly<Record<Of<'label'>['what'], string>> = {
  changed: 'Label changed',
  deleted: 'Label deleted',
  'put-on': 'Label put on',
  'taken-off': 'Label taken off',
}

const groupChanges: Readonly<Record<Of<'group'>['group']['what'], string>> = {
  created: 'Group made',
  joined: 'Joined the group',
  left: 'Left the group',
  removed: 'Taken out of the group',
  promoted: 'Admin now',
  demoted: 'No admin any more',
  'number-changed': 'Number changed',
  subject: 'Group renamed',
  description: 'Group described anew',
  picture: 'Picture of the group',
  settings: 'Rules of the group',
  link: 'New link to the group',
  'join-requested': 'Asks to come in',
  'join-withdrawn': 'Asks no more',
  'join-rejected': 'Not let in',
  ended: 'Group is over',
}

/** Whom it is about stands first; who did it, behind. */
export function groupLine({ group: { what, by, people, text } }: Of<'group'>): Line {
  const about = people.map(({ id }) => personText(id)).join(', ')
  const doer = by === null ? '' : personText(by.id)
  return {
    tone: 'off',
    title: groupChanges[what],
    who: about === '' ? doer : about,
    text: [text, about !== '' && doer !== '' && doer !== about ? `by ${doer}` : null].filter((part) => part !== null).join(', '),
  }
}

const channelChanges: Readonly<Record<Of<'channel'>['what'], string>> = {
  reaction: 'Reaction in a channel',
  views: 'Views in a channel',
  changed: 'Channel changed',
  role: 'Role in a channel',
}

export function channelLine({ what, channel, emoji, views, name, description, role }: Of<'channel'>): Line {
  const text = { reaction: emoji, views: views === null ? null : `${views} views`, changed: name ?? description, role }[what]
  return { tone: 'off', title: channelChanges[what], who: name ?? channel, text: text ?? '' }
}
