/** Voice notes and films, made into what phones play, with what they show of it before it is played. */
import { bytesOf, wholeOf, type Bytes } from '../engine/bytes.ts'
import { BotFault } from '../fault.ts'
import { headBytes } from '../media/file-type.ts'
import type { Ffmpeg } from './ffmpeg.ts'

export interface Recording {
  bytes: Bytes
  mimetype: string
  /** Null where it cannot be found out here. */
  seconds: number | null
}

export interface Voice extends Recording {
  /** Base64 of 64 bytes, each 0 to 100. */
  waveform: string | null
}

export interface Film extends Recording {
  /** Base64 of a small JPEG. */
  thumbnail: string | null
}

export interface Recordings {
  /** Throws `ffmpeg-missing`, `conversion-failed`, and `file-too-large`. */
  voice(bytes: Bytes, mimetype: string, signal: AbortSignal): Promise<Voice>
  /** As it is. */
  film(bytes: Bytes, mimetype: string, signal: AbortSignal): Promise<Film>
}

export const voiceType = 'audio/ogg; codecs=opus'
/** Larger ones are no voice notes; films of more are sent without a picture. */
const mostBytes = 64 * 1_048_576
const bars = 64

/** As WhatsApp's own recorder does it. */
const toVoice = [
  '-map',
  '0:a:0',
  '-map_metadata',
  '-1',
  '-ac',
  '1',
  '-ar',
  '48000',
  '-c:a',
  'libopus',
  '-b:a',
  '32k',
  '-application',
  'voip',
  '-f',
  'ogg',
]
/** Loudness needs no more: 4,000 samples a second, of the first quarter of an hour. */
const toSamples = ['-map', '0:a:0', '-t', '900', '-ac', '1', '-ar', '4000', '-f', 's16le']
const toPicture = [
  '-map',
  '0:v:0',
  '-frames:v',
  '1',
  '-vf',
  'scale=96:96:force_original_aspect_ratio=decrease',
  '-c:v',
  'mjpeg',
  '-f',
  'image2pipe',
]

export function createRecordings(ffmpeg: Ffmpeg): Recordings {
  return {
    async voice(bytes, mimetype, signal) {
      if (bytes.size > mostBytes) throw new BotFault('file-too-large', `A voice note has no more than ${mostBytes} bytes`)
      const given = await wholeOf(bytes)
      const isVoice = isOggOpus(given) || !(await isOtherSound(given))
      const made = isVoice ? given : (await ffmpeg.run(given, toVoice, signal)).bytes
      const samples = ffmpeg.isThere() ? await ffmpeg.run(made, toSamples, signal).catch(unlessAborted(signal)) : null
      return {
        bytes: isVoice ? bytes : bytesOf(made),
        // Phones play a voice note under this very type alone, whatever its source calls it.
        mimetype: isVoice && !isOggOpus(given) ? mimetype : voiceType,
        seconds: secondsOf(made) ?? samples?.seconds ?? null,
        waveform: samples === null ? null : waveformOf(samples.bytes),
      }
    },
    async film(bytes, mimetype, signal) {
      const plain = { bytes, mimetype, seconds: null, thumbnail: null }
      if (bytes.size > mostBytes || !ffmpeg.isThere()) return plain
      const picture = await ffmpeg.run(await wholeOf(bytes), toPicture, signal).catch(unlessAborted(signal))
      return picture === null ? plain : { ...plain, seconds: picture.seconds, thumbnail: picture.bytes.toString('base64') }
    },
  }
}

/** It goes out without. */
function unlessAborted(signal: AbortSignal): (error: unknown) => null {
  return (error) => {
    if (signal.aborted) throw error
    return null
  }
}

function isOggOpus(sound: Buffer): boolean {
  return sound.subarray(0, 4).toString('latin1') === 'OggS' && sound.subarray(0, 256).includes('OpusHead')
}

/** What cannot be recognized is sent as what the caller says that it is. */
async function isOtherSound(sound: Buffer): Promise<boolean> {
  const { fileTypeFromBuffer } = await import('file-type')
  const found = await fileTypeFromBuffer(sound.subarray(0, headBytes)).catch(() => undefined)
  return found !== undefined && /^(audio|video)\//.test(found.mime)
}

/** Of Opus in Ogg: the last page says how many samples, 48,000 a second, were there by its end (RFC 7845). */
export function secondsOf(sound: Buffer): number | null {
  const head = sound.indexOf('OpusHead')
  const last = sound.lastIndexOf('OggS')
  if (!isOggOpus(sound) || head < 0 || last < 0 || last + 14 > sound.length || head + 12 > sound.length) return null
  const samples = Number(sound.readBigInt64LE(last + 6)) - sound.readUInt16LE(head + 10)
  return samples > 0 ? Math.max(1, Math.round(samples / 48_000)) : null
}

/** The loudest is 100; null for silence, which has no shape. Samples of two bytes. */
export function waveformOf(samples: Buffer): string | null {
  const count = Math.floor(samples.length / 2)
  if (count < bars) return null
  const loudness = Array.from({ length: bars }, (_, bar) => {
    const [from, to] = [bar, bar + 1].map((each) => Math.floor((each * count) / bars))
    let sum = 0
    for (let at = from ?? 0; at < (to ?? 0); at += 1) sum += Math.abs(samples.readInt16LE(at * 2))
    return sum / Math.max(1, (to ?? 0) - (from ?? 0))
  })
  const loudest = Math.max(...loudness)
  return loudest === 0 ? null : Buffer.from(loudness.map((each) => Math.round((each / loudest) * 100))).toString('base64')
}
