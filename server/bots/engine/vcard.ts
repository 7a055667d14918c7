/** Contact cards (vCard 3.0, RFC 2426), as WhatsApp writes and reads them. */
import type { ContactCard } from './details.ts'

/** Numbers WhatsApp knows (`waid`) come first. */
export function cardOf({ displayName, vcard }: { displayName?: string | null; vcard?: string | null }): ContactCard {
  const text = vcard ?? ''
  // A long line goes on in the next one, which begins with a blank.
  const lines = text.replace(/\r?\n[ \t]/g, '').split(/\r?\n/)
  const numbers = lines.flatMap((line) => {
    const [, parameters = '', value = ''] = /^(?:[\w-]+\.)?TEL([^:]*):(.*)$/i.exec(line) ?? []
    const known = /waid=(\d+)/i.exec(parameters)?.[1]
    const digits = known ?? value.replace(/\D/g, '')
    return digits === '' ? [] : [{ digits, isKnown: known !== undefined }]
  })
  const name = displayName ?? ''
  return {
    name: name === '' ? unescaped(lines.find((line) => /^FN[;:]/i.test(line))?.replace(/^FN[^:]*:/i, '') ?? '') : name,
    phoneNumbers: [...new Set(numbers.toSorted((a, b) => Number(b.isKnown) - Number(a.isKnown)).map(({ digits }) => digits))],
    vcard: text,
  }
}

export function vcardOf({ name, phoneNumber }: { name: string; phoneNumber: string }): string {
  const plain = name.replace(/([\\,;])/g, '\\$1').replace(/[\r\n]+/g, ' ')
  return ['BEGIN:VCARD', 'VERSION:3.0', `FN:${plain}`, `TEL;type=CELL;waid=${phoneNumber}:+${phoneNumber}`, 'END:VCARD'].join('\n')
}

function unescaped(text: string): string {
  return text.replace(/\\n/gi, '\n').replace(/\\([\\,;])/g, '$1')
}
