/** What makes of a caller's files and links what WhatsApp takes. */
import type { Egress } from '../../http/egress.ts'
import { createEgressFetch } from '../../http/egress-fetch.ts'
import type { Making } from './content.ts'
import { createFfmpeg } from './ffmpeg.ts'
import { createPictures } from './pictures.ts'
import { createPreviews } from './previews.ts'
import { createRecordings } from './recordings.ts'
import { stickerOf } from './stickers.ts'

export function createMaking({ egress, ffmpegPath }: { egress: Egress; ffmpegPath(): string | null }): Making {
  const pictures = createPictures()
  const ffmpeg = createFfmpeg({ path: ffmpegPath })
  return {
    previews: createPreviews({ fetch: createEgressFetch(egress), pictures }),
    recordings: createRecordings(ffmpeg),
    sticker: (picture, signal) => stickerOf(picture, { pictures, ffmpeg }, signal),
  }
}
