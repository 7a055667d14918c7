/** The words of a message in parts: links, people who are named, and the marks WhatsApp has for bold, italic, struck out and code. */
export interface TextPart {
  text: string
  /** Only `https:`, `http:` and `mailto:` addresses. */
  href?: string
  /** A person, by WhatsApp id. */
  mention?: string
  style?: 'bold' | 'italic' | 'struck' | 'code'
}

const address = /https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]}'*_~`]|[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}/gi
const marks = [
  { style: 'code', pattern: /```([\s\S]+?)```|`([^`\n]+)`/ },
  { style: 'bold', pattern: /(?<![\p{L}\p{N}*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\p{L}\p{N}*])/u },
  { style: 'italic', pattern: /(?<![\p{L}\p{N}_])_(?=\S)([^_\n]+?)(?<=\S)_(?![\p{L}\p{N}_])/u },
  { style: 'struck', pattern: /(?<![\p{L}\p{N}~])~(?=\S)([^~\n]+?)(?<=\S)~(?![\p{L}\p{N}~])/u },
] as const

/** `mentions` are the ids that the message names; in its text each stands as `@` and the digits of its id. */
export function textParts(text: string, mentions: readonly string[] = [], nameOf: (id: string) => string = (id) => id): TextPart[] {
  return named(text, mentions, nameOf).flatMap((part) => (part.mention === undefined ? linked(part.text) : [part]))
}

function named(text: string, mentions: readonly string[], nameOf: (id: string) => string): TextPart[] {
  const byDigits = new Map(mentions.map((id) => [/^\d+/.exec(id)?.[0] ?? '', id]))
  byDigits.delete('')
  if (byDigits.size === 0) return [{ text }]
  return split(text, new RegExp(`@(${[...byDigits.keys()].join('|')})(?!\\d)`, 'g'), ([, digits = '']) => {
    const id = byDigits.get(digits) ?? ''
    return { text: `@${nameOf(id)}`, mention: id }
  })
}

function linked(text: string): TextPart[] {
  return split(text, address, ([found]) => ({ text: found, href: found.startsWith('http') ? found : `mailto:${found}` })).flatMap((part) =>
    part.href === undefined ? marked(part.text) : [part],
  )
}

function marked(text: string): TextPart[] {
  for (const { style, pattern } of marks) {
    const found = pattern.exec(text)
    if (found === null) continue
    const [before, after] = [text.slice(0, found.index), text.slice(found.index + found[0].length)]
    return [...marked(before), { text: found[1] ?? found[2] ?? '', style }, ...marked(after)]
  }
  return text === '' ? [] : [{ text }]
}

function split(text: string, pattern: RegExp, partOf: (found: RegExpExecArray) => TextPart): TextPart[] {
  const parts: TextPart[] = []
  let end = 0
  for (const found of text.matchAll(pattern)) {
    if (found.index > end) parts.push({ text: text.slice(end, found.index) })
    parts.push(partOf(found))
    end = found.index + found[0].length
  }
  if (end < text.length) parts.push({ text: text.slice(end) })
  return parts
}
