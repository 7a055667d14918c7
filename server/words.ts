/** What the server says itself, to scripts, in the trail and in the tray, is English; the window has a language of its own. */
export { en as words } from '../words/en.ts'
