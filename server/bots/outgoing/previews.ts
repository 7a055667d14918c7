/**
 * What is shown of a link under a text. Its page is fetched only where a caller asks for that, under the rules for addresses that callers
 * name, and no more of it than its head needs.
 */
import type { Fetch } from '../../http/egress-fetch.ts'
import { KernelFault } from '../../fault.ts'
import type { EditedBody } from '../contract/native/outgoing.ts'
import type { LinkPreview } from '../engine/outgoing.ts'
import type { Pictures } from './pictures.ts'

export interface PreviewParts {
  fetch: Fetch
  pictures: Pick<Pictures, 'thumbnail'>
}

export interface Previews {
  /** Null for none: also where the page does not answer, says nothing of itself, or is none. Throws `address-refused`. */
  of(text: string, wanted: EditedBody['preview'], signal: AbortSignal): Promise<LinkPreview | null>
}

/** Ms for page and picture together, and the bytes of each that are read. */
const longest = 8_000
const mostOfPage = 512 * 1_024
const mostOfPicture = 4 * 1_048_576

export function createPreviews({ fetch, pictures }: PreviewParts): Previews {
  async function fetched(text: string, signal: AbortSignal): Promise<LinkPreview | null> {
    const url = /\bhttps?:\/\/[^\s<>"]+[^\s<>"'.,;:!?)\]}]/i.exec(text)?.[0]
    if (url === undefined || !URL.canParse(url)) return null
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(longest)])
    try {
      const page = await get(url, /^text\/html|^application\/xhtml/i, mostOfPage, bounded)
      const head = page === null ? null : headOf(page.bytes.toString())
      if (page === null || head === null) return null
      const image = head.image !== null && URL.canParse(head.image, page.url) ? new URL(head.image, page.url).href : null
      const picture = image === null ? null : await get(image, /^image\//i, mostOfPicture, bounded).catch(() => null)
      const thumbnail = picture === null ? null : await pictures.thumbnail(picture.bytes)
      return { url, title: head.title, description: head.description, picture: thumbnail?.toString('base64') ?? null }
    } catch (error) {
      // That it may not be reached is for the caller to know; a page that does not answer keeps no message from going out.
      if (KernelFault.is(error, 'address-refused') || signal.aborted) throw error
      return null
    }
  }

  /** As much as may be read; null for another kind. */
  async function get(url: string, type: RegExp, most: number, signal: AbortSignal): Promise<{ url: string; bytes: Buffer } | null> {
    const answer = await fetch(url, { signal, headers: { accept: 'text/html,image/*;q=0.8', 'user-agent': 'WhatsApp/2' } })
    if (!answer.ok || answer.body === null || !type.test(answer.headers.get('content-type') ?? '')) {
      await answer.body?.cancel()
      return null
    }
    const parts: Uint8Array[] = []
    let size = 0
    for await (const part of answer.body) {
      parts.push(part)
      size += part.length
      if (size >= most) break
    }
    return { url: answer.url === '' ? url : answer.url, bytes: Buffer.concat(parts).subarray(0, most) }
  }

  return {
    async of(text, wanted, signal) {
      if (wanted === undefined) return null
      if (wanted === 'fetch') return fetched(text, signal)
      return { url: wanted.url, title: wanted.title, description: wanted.description, picture: wanted.picture ?? null }
    },
  }
}

/** What a page says of itself for such a purpose; null when it has no title. */
export function headOf(html: string): { title: string; description: string; image: string | null } | null {
  const metas = new Map<string, string>()
  for (const [tag] of html.matchAll(/<meta\b[^>]{0,4000}>/gi)) {
    const name = attributeOf(tag, 'property') ?? attributeOf(tag, 'name')
    const value = attributeOf(tag, 'content')
    if (name !== null && value !== null && !metas.has(name.toLowerCase())) metas.set(name.toLowerCase(), plain(value))
  }
  const title = metas.get('og:title') ?? plain(/<title\b[^>]{0,200}>([^<]{0,2000})/i.exec(html)?.[1] ?? '')
  if (title === '') return null
  const description = metas.get('og:description') ?? metas.get('description') ?? ''
  return { title: title.slice(0, 300), description: description.slice(0, 1_000), image: metas.get('og:image') ?? null }
}

function attributeOf(tag: string, name: string): string | null {
  const [, double, single, bare] = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, 'i').exec(tag) ?? []
  return double ?? single ?? bare ?? null
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }

function plain(text: string): string {
  return text
    .replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w{2,6}));/gi, (whole, decimal?: string, hex?: string, name?: string) => {
      const code = decimal === undefined ? (hex === undefined ? null : parseInt(hex, 16)) : Number(decimal)
      if (code !== null) return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : ''
      return entities[name?.toLowerCase() ?? ''] ?? whole
    })
    .replace(/\s+/g, ' ')
    .trim()
}
