/** Texts as literals of each language. A session may have any name, and whoever gave it need not be who copies the program. */

/** What reads as something else than it is, or as nothing. */
const unseen = /[\u007f-\u00a0\u00ad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]/g
const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** JavaScript and Python read the same escapes. */
export const quoted = (text: string): string => JSON.stringify(text).replace(unseen, escaped)

/** Dart puts the values of variables into its texts. */
export const quotedForDart = (text: string): string => quoted(text).replaceAll('$', '\\$')

/** C knows no `\u` below 0xa0, and takes two question marks for the beginning of another character. */
export function quotedForC(text: string): string {
  const inner = text
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('??', '?\\?')
    .replace(/[\u0000-\u001f]/g, octal)
    .replace(unseen, octal)
  return `"${inner}"`
}

/** A quote inside quotes ends the shell's text, so it is closed, escaped and opened again. */
export const quotedForShell = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`

function octal(character: string): string {
  return [...new TextEncoder().encode(character)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')
}
