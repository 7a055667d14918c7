/** What holds for one bot: what is set for it alone, else what holds for the room. */
import type { Settings } from '../config/settings.ts'
import type { BotView } from './contract/native/views.ts'
import type { BotSettings } from './store.ts'

export function limitsOf(own: BotSettings, room: Settings['bots']): BotView['limits'] {
  return {
    pause: own.pause ?? room.pause,
    dailyCap: own.dailyCap ?? room.dailyCap,
    keepMessagesFor: own.keepMessagesFor ?? room.keepMessagesFor,
    keepsMedia: own.keepsMedia ?? room.keepsMedia,
    mediaKinds: own.mediaKinds ?? room.mediaKinds,
    mediaBudget: own.mediaBudget ?? room.mediaBudget,
    keepMediaFor: own.keepMediaFor ?? room.keepMediaFor,
  }
}
