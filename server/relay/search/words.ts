/** Words as tool search compares them: names taken apart, endings off, and those that mean the same to whoever asks for a tool. */
import { stemmer } from 'stemmer'

/** Say nothing of what a tool does; a question without them is the same question. */
const idle = new Set(
  (
    'a an and any are as at be by can do does for from has have how i if in into is it its let me my of on or our please should so some ' +
    'that the their them there these this those to tool tools use using want was we what which will with would you your'
  ).split(' '),
)

/** Words that people and servers use for one another. The first of each line need not be the commonest. */
const alike = [
  'remove delete erase drop destroy discard purge',
  'cancel void abort revoke withdraw',
  'list enumerate all every show',
  'get read fetch retrieve show view open',
  'find search lookup query locate',
  'create add new make register insert',
  'update edit change modify set alter patch amend',
  'write save store put',
  'move rename relocate transfer shift',
  'send post publish deliver notify',
  'message chat text dm',
  'mail email inbox',
  'start run launch execute begin invoke',
  'stop end kill terminate halt finish',
  'close shut resolve complete',
  'upload import ingest attach',
  'download export',
  'copy duplicate clone fork',
  'file document',
  'folder directory',
  'image picture photo screenshot',
  'page website url web site link',
  'issue ticket bug task',
  'repo repository project',
  'meeting event appointment',
  'free available unused vacant',
  'reserve book hold',
  'release lift unhold unlock',
  'person user member contact customer client people',
  'price cost fare rate quote',
  'pay charge bill invoice',
  'track trace follow position location whereabout where',
  'weather forecast temperature rain wind',
  'currency money euro dollar',
  'convert exchange',
  'now current latest',
  'log history journal audit',
  'status state health',
  'table relation sheet spreadsheet',
  'sql query statement',
  'translate localize',
  'summarize summary digest',
  'truck lorry vehicle chassis',
  'ship vessel boat',
  'lock block forbid close',
  'permit allow grant approve',
  'permission access right role',
  'schedule plan cron timer',
  'remind reminder alarm',
  'calculate compute sum count total',
  'compare diff difference',
  'comment reply note annotate',
  'merge join combine unite',
  'branch fork',
]

const synonyms = new Map<string, Set<string>>()
for (const line of alike) {
  const stems = line.split(' ').map(stemmer)
  for (const stem of stems) {
    const of = synonyms.get(stem) ?? new Set()
    for (const other of stems) if (other !== stem) of.add(other)
    synonyms.set(stem, of)
  }
}

/** Nobody asks for more of one; a misspelt one takes room by the square of its length. */
const longestWord = 64

/** `moveContainers` and `move_containers` are move, containers. Servers and strangers write the text: each step looks at a letter once. */
export function wordsOf(text: string): string[] {
  return text
    .replaceAll(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1 $2')
    .replaceAll(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
    .map((word) => word.slice(0, longestWord))
}

/** A word as it is compared; null for one that says nothing. */
export function stemOf(word: string): string | null {
  return idle.has(word) ? null : stemmer(word)
}

/** What else the word may be called, as it is compared. */
export function alikeOf(stem: string): ReadonlySet<string> {
  return synonyms.get(stem) ?? none
}
const none: ReadonlySet<string> = new Set()
