/** What the server says itself, to scripts, in the trail and in the tray, is English; the window has a language of its own. */
import { en as words } from '../words/en.ts'
import { sessionEventText } from '../words/words.ts'
import type { SessionEventText } from './browsers/events.ts'

export { words }
export const sessionText: SessionEventText = (event) => sessionEventText(words, event) ?? event.kind
