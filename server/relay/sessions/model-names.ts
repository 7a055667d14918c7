/**
 * Names that every model takes: at most 64 letters, digits, `_` and `-`. Others are refused by one maker of models or another, with the
 * whole request.
 */
import { createHash } from 'node:crypto'

const longest = 64
const hashLength = 8

/** A tool's or prompt's own name behind its server's, both as they are where they fit; always the same for the same two. */
export function modelName(prefix: string, name: string): string {
  const whole = prefix === '' ? name : `${prefix}__${name}`
  const plain = whole.replace(/[^a-zA-Z0-9_-]/g, '_')
  if (plain === '') return '_'
  return plain.length <= longest ? plain : `${plain.slice(0, longest - hashLength - 1)}_${hashOf(whole)}`
}

/** The name itself, or with the first number that makes it another than all those taken. */
export function freeName(taken: { has(name: string): boolean }, name: string): string {
  if (!taken.has(name)) return name
  for (let number = 2; ; number += 1) {
    const end = `_${number}`
    const numbered = `${name.slice(0, longest - end.length)}${end}`
    if (!taken.has(numbered)) return numbered
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, hashLength)
}
