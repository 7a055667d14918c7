/** Files of JSON clients: relayed as they are to those who are there, never stored. */
import type { Attachment } from '../../engine/broker-engine.ts'
import { isTopic, logTopic } from '../../engine/topics.ts'
import { webSocketFrame } from '../shared/wire.ts'
import type { Frame } from './json-frames.ts'

const filesAtOnce = 64

export class JsonFiles {
  /** Topics of the files it is sending, by file id. */
  readonly #topics = new Map<string, string>()
  readonly #say: (frame: object) => void
  readonly #hold: () => () => void

  /**
   * @param hold stops reading from the sender: nothing of a file is stored, so it goes as fast as its slowest receiver, until that one is
   * disconnected
   */
  constructor(say: (frame: object) => void, hold: () => () => void) {
    this.#say = say
    this.#hold = hold
  }

  /** `init_file {fileId, fileName, fileSize, totalChunks, topic}` and `end_file {fileId, hash, topic}`. */
  relayFrame({ fileId, topic, type }: Frame, bytes: Buffer, attachment: Attachment): void {
    if (
      typeof fileId !== 'string' ||
      Buffer.byteLength(fileId) !== 36 ||
      typeof topic !== 'string' ||
      !isTopic(topic) ||
      topic === logTopic
    )
      return this.#say({ error: 'fileId and topic are required' })
    if (type === 'init_file') {
      if (this.#topics.size >= filesAtOnce && !this.#topics.has(fileId)) return this.#say({ error: 'Too many files at once' })
      this.#topics.set(fileId, topic)
    } else this.#topics.delete(fileId)
    attachment.relay(topic, webSocketFrame(bytes, 'text'), this.#hold)
  }

  /** 0x02, 36 characters of file id, chunk index, encrypted bytes. */
  relayChunk(bytes: Buffer, attachment: Attachment): void {
    const topic = bytes[0] === 0x02 && bytes.length > 41 ? this.#topics.get(bytes.toString('latin1', 1, 37)) : undefined
    if (topic === undefined) return this.#say({ error: 'Unknown file' })
    attachment.relay(topic, webSocketFrame(bytes, 'binary'), this.#hold)
  }

  clear(): void {
    this.#topics.clear()
  }
}
