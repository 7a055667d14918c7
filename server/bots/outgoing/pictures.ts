/** Pictures made into what WhatsApp takes, by the converter that comes with the library of the bots; where that is missing, none are. */
import type { Sharp } from 'sharp'

export interface Pictures {
  /** A small JPEG; null for what is no picture, and where there is no converter. */
  thumbnail(picture: Uint8Array): Promise<Buffer | null>
  /** A WebP of 512 pixels on each side, as stickers are; null where there is no converter. Throws for what is no picture. */
  sticker(picture: Uint8Array): Promise<Buffer | null>
}

type Load = () => Promise<{ default: (input: Uint8Array, options: object) => Sharp } | null>

/** More than any camera makes; a small file can claim to be far larger. */
const mostPixels = 50_000_000
/** Edge of a preview's picture, and of a sticker, in pixels. */
const thumbnailEdge = 192
const stickerEdge = 512
/** Bytes that WhatsApp shows of a sticker that does not move. */
const stickerBytes = 100 * 1_024

export function createPictures(load: Load = () => import('sharp').catch(() => null)): Pictures {
  const open = async (picture: Uint8Array): Promise<Sharp | null> => {
    const sharp = await load()
    return sharp === null ? null : sharp.default(picture, { limitInputPixels: mostPixels, failOn: 'error' }).rotate()
  }
  return {
    async thumbnail(picture) {
      const image = await open(picture)
      if (image === null) return null
      return image
        .resize(thumbnailEdge, thumbnailEdge, { fit: 'cover' })
        .flatten({ background: '#fff' })
        .jpeg({ quality: 60 })
        .toBuffer()
        .catch(() => null)
    },
    async sticker(picture) {
      const image = await open(picture)
      if (image === null) return null
      const square = image.resize(stickerEdge, stickerEdge, { fit: 'contain', background: { r: 0, g: 0, b: 0, alpha: 0 } })
      const best = await square.clone().webp({ quality: 85 }).toBuffer()
      return best.length <= stickerBytes ? best : square.webp({ quality: 40 }).toBuffer()
    },
  }
}
