/** Names of files as sites and callers give them, made into names that mean a file in one folder and nothing else. */

const mostCharacters = 150
/** Names that Windows keeps for devices, whatever follows the dot. */
const device = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i

/** The last part of a path, without what a system reads as more than a letter; never empty, never hidden. */
export function plainName(given: string): string {
  const last = given.normalize('NFC').split(/[/\\]/).at(-1) ?? ''
  // Control signs, what Windows refuses, and marks that turn the direction of what follows ("gpj.exe" read backwards).
  const letters = last
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}<>:"|?*]/gu, '')
    .trim()
    .replace(/^\.+/, '')
    .replace(/[. ]+$/, '')
  const name = device.test(letters) ? `_${letters}` : letters
  if (name === '') return 'file'
  return shorten(name)
}

/** Keeps the ending, by which the person's system knows the kind of file. */
function shorten(name: string): string {
  const letters = [...name]
  if (letters.length <= mostCharacters) return name
  const ending = /\.[\p{L}\p{N}]{1,12}$/u.exec(name)?.[0] ?? ''
  return letters.slice(0, mostCharacters - ending.length).join('') + ending
}

/** For a reply that is a file: an ASCII name for old readers and the true one. */
export function attachment(name: string): string {
  const ascii = name.replace(/[^\x20-\x7e]|["\\%]/g, '_')
  const encoded = encodeURIComponent(name).replace(/['()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`
}
