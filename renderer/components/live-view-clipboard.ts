/** Between the person's clipboard and the page's: text, its form, and pictures. */
import type { SentViewCommand } from '../../server/browsers/contract/live-view-messages.ts'
import { copyText } from '../desktop/desktop.ts'

export type SentPaste = Extract<SentViewCommand, { type: 'paste' }>

const mostText = 1_000_000
const mostHtml = 2_000_000
/** Bytes of a picture. */
const mostPicture = 8_000_000

/** What a paste brings; null for nothing that a page could take. */
export async function readPaste(data: DataTransfer): Promise<SentPaste | null> {
  // Read before anything is awaited: afterwards the event has none of it.
  const text = data.getData('text/plain')
  const html = data.getData('text/html')
  const pictures = [...data.files].filter(({ type, size }) => type.startsWith('image/') && size <= mostPicture).slice(0, 10)
  return pasteOf(text, html, pictures)
}

/** Of the clipboard itself, without a paste; throws where the browser does not let a page read it. */
export async function readClipboard(): Promise<SentPaste | null> {
  const items = await navigator.clipboard.read()
  const of = async (type: string): Promise<string> => {
    const item = items.find(({ types }) => types.includes(type))
    return item === undefined ? '' : (await item.getType(type)).text()
  }
  const pictures = await Promise.all(
    items.flatMap((item) => item.types.filter((type) => type.startsWith('image/')).map(async (type) => item.getType(type))),
  )
  return pasteOf(
    await of('text/plain'),
    await of('text/html'),
    pictures.filter(({ size }) => size <= mostPicture),
  )
}

async function pasteOf(text: string, html: string, pictures: readonly Blob[]): Promise<SentPaste | null> {
  if (text === '' && html === '' && pictures.length === 0) return null
  const files = await Promise.all(
    pictures.map(async (picture) => ({
      name: picture instanceof File && picture.name !== '' ? picture.name.slice(0, 200) : 'image.png',
      mime: picture.type.slice(0, 100),
      data: base64(new Uint8Array(await picture.arrayBuffer())),
    })),
  )
  return { type: 'paste', text: text.slice(0, mostText), html: html.length > mostHtml ? '' : html, files }
}

/** Puts what the page has copied on the person's clipboard. Throws where the browser does not let a page do so. */
export async function keepCopied({ text, html }: { text: string; html: string }): Promise<void> {
  if (html !== '' && typeof ClipboardItem === 'function' && navigator.clipboard !== undefined) {
    const both = { 'text/plain': new Blob([text], { type: 'text/plain' }), 'text/html': new Blob([html], { type: 'text/html' }) }
    try {
      return await navigator.clipboard.write([new ClipboardItem(both)])
    } catch {
      // Without its form, then.
    }
  }
  await copyText(text)
}

function base64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 32_768) text += String.fromCharCode(...bytes.subarray(at, at + 32_768))
  return btoa(text)
}
