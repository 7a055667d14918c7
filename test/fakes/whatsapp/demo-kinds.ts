/** One message of each kind that people send most, for whoever tries the demo. */
import type { AnyMessageContent } from 'baileys'
import { speech, tugSticker, yardPicture } from '../../fixtures/drawings.ts'
import type { Contact } from './contact.ts'
import { kinds } from './kinds.ts'

const seconds = 23
const vcard = 'BEGIN:VCARD\nVERSION:3.0\nFN:Cy Crane\nTEL;type=CELL;waid=15550100013:+1 555 010 0013\nEND:VCARD'

export async function sendEachKind({ socket }: Contact, chat: string): Promise<void> {
  const contents: AnyMessageContent[] = [
    { image: yardPicture(), caption: 'Lane 2 is full to the crane', mimetype: 'image/png', width: 640, height: 300, jpegThumbnail: '' },
    { audio: speech(seconds), mimetype: 'audio/wav', ptt: true, seconds },
    { document: Buffer.from('lane;state\n2;full\n3;free\n'), mimetype: 'text/csv', fileName: 'lanes.csv', jpegThumbnail: '' },
    { location: { degreesLatitude: 51.9502, degreesLongitude: 4.0531, name: 'Gate 2, truck buffer', address: 'Dock road 4' } },
    { contacts: { displayName: 'Cy Crane', contacts: [{ displayName: 'Cy Crane', vcard }] } },
    { poll: { name: 'When do we clear lane 2?', values: ['Before 16:00', 'After the last train', 'Tomorrow 06:00'], selectableCount: 1 } },
    { sticker: tugSticker(), mimetype: 'image/png', width: 256, height: 256 },
  ]
  for (const content of contents) await socket.sendMessage(chat, content)
  await socket.relayMessage(chat, kinds.buttons, {})
}
