/** Stickers: WebP as it is, other pictures made into that. */
import { bytesOf, wholeOf, type Bytes } from '../engine/bytes.ts'
import { BotFault } from '../fault.ts'
import type { Ffmpeg } from './ffmpeg.ts'
import type { Pictures } from './pictures.ts'

export interface Sticker {
  bytes: Bytes
  animated: boolean
}

/** WhatsApp shows none that are larger; a picture to be made into one may be. */
const mostOfSticker = 1_048_576
const mostOfPicture = 16 * 1_048_576
const toSticker = [
  '-frames:v',
  '1',
  '-vf',
  'scale=512:512:force_original_aspect_ratio=decrease,format=rgba,pad=512:512:-1:-1:color=0x00000000',
  '-c:v',
  'libwebp',
  '-quality',
  '75',
  '-f',
  'webp',
]

export interface StickerParts {
  pictures: Pick<Pictures, 'sticker'>
  ffmpeg: Ffmpeg
}

/** Throws `file-too-large`, `conversion-failed`, and `ffmpeg-missing` where there is nothing to convert it by. */
export async function stickerOf(given: Bytes, { pictures, ffmpeg }: StickerParts, signal: AbortSignal): Promise<Sticker> {
  if (given.size > mostOfPicture) throw tooLarge(mostOfPicture)
  const picture = await wholeOf(given)
  if (isWebp(picture)) {
    if (picture.length > mostOfSticker) throw tooLarge(mostOfSticker)
    return { bytes: given, animated: isAnimated(picture) }
  }
  const made = await pictures.sticker(picture).catch((error: unknown) => {
    throw new BotFault('conversion-failed', 'It is no picture that a sticker could be made of', {}, { cause: error })
  })
  return { bytes: bytesOf(made ?? (await ffmpeg.run(picture, toSticker, signal)).bytes), animated: false }
}

function tooLarge(most: number): BotFault {
  return new BotFault('file-too-large', `A sticker has no more than ${most} bytes`)
}

function isWebp(picture: Buffer): boolean {
  return picture.subarray(0, 4).toString('latin1') === 'RIFF' && picture.subarray(8, 12).toString('latin1') === 'WEBP'
}

/** By the flag in its extended header. */
function isAnimated(picture: Buffer): boolean {
  return picture.subarray(12, 16).toString('latin1') === 'VP8X' && ((picture[20] ?? 0) & 2) !== 0
}
