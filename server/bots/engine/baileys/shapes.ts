/** What is known of a message, back in WhatsApp's shape: for a quotation, and to pass on what carries no file. */
import type { proto } from 'baileys'
import type { MediaFacts } from '../details.ts'
import type { Said } from '../outgoing.ts'

export function shapeOf({ kind, text, details }: Said): proto.IMessage {
  const { location, contacts = [], poll, media, preview } = details
  if (location !== undefined) {
    const { latitude, longitude, name, address } = location
    return { locationMessage: { degreesLatitude: latitude, degreesLongitude: longitude, name, address } }
  }
  const [first, ...more] = contacts
  if (first !== undefined && more.length === 0) return { contactMessage: { displayName: first.name, vcard: first.vcard } }
  if (first !== undefined)
    return { contactsArrayMessage: { displayName: text, contacts: contacts.map(({ name, vcard }) => ({ displayName: name, vcard })) } }
  if (poll !== undefined) {
    const options = poll.options.map((optionName) => ({ optionName }))
    return { pollCreationMessageV3: { name: text, options, selectableOptionsCount: poll.selectable } }
  }
  if (media !== undefined) return mediaShape(kind, text, media)
  return {
    extendedTextMessage: {
      text,
      ...(preview === undefined ? {} : { matchedText: preview.url, title: preview.title, description: preview.description }),
    },
  }
}

/** Without the file: as a quotation names it. */
function mediaShape(kind: string, text: string, { mimetype, seconds, fileName, note, animated }: MediaFacts): proto.IMessage {
  switch (kind) {
    case 'image':
      return { imageMessage: { mimetype, caption: text } }
    case 'video':
      return note ? { ptvMessage: { mimetype, seconds } } : { videoMessage: { mimetype, seconds, caption: text, gifPlayback: animated } }
    case 'audio':
      return { audioMessage: { mimetype, seconds, ptt: note } }
    case 'document':
      // Without a caption it is called by its name.
      return { documentMessage: { mimetype, fileName, title: fileName, caption: text === fileName ? '' : text } }
    case 'sticker':
      return { stickerMessage: { mimetype, isAnimated: animated } }
    default:
      return { extendedTextMessage: { text } }
  }
}
