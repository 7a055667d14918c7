/**
 * What happens at an account besides messages: one kind for each `type`, which is the type of the event it is told as. Each is described in
 * a file of its own and joined here.
 */
import type { CallHappening } from './calls.ts'
import type { ChannelHappening } from './channels.ts'
import type { ChatHappening } from './chats.ts'
import type { HistoryHappening } from './history.ts'
import type { ContactHappening } from './contacts.ts'
import type { GroupHappening } from './groups.ts'
import type { PresenceHappening } from './presence.ts'
import type { RestrictionHappening } from './restriction.ts'

export type Happening =
  | PresenceHappening
  | GroupHappening
  | ContactHappening
  | RestrictionHappening
  | ChannelHappening
  | CallHappening
  | ChatHappening
  | HistoryHappening
