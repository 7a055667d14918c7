/** How large a picture or video is drawn: its own shape, within what fits a chat. */
import type { MessageView } from '../../../../../server/bots/contract/index.ts'

type MediaFacts = NonNullable<MessageView['details']['media']>

const widest = 280
const highest = 320

export interface Shape {
  /** Pixels. */
  width: number
  /** For `aspect-ratio`. */
  ratio: string
}

/** What tells no size is drawn as most pictures are. */
export function shapeOf(media: Pick<MediaFacts, 'width' | 'height'> | undefined): Shape {
  const [width, height] = [media?.width ?? 4, media?.height ?? 3]
  // A strip one pixel high could not be pressed.
  const ratio = Math.min(4, Math.max(0.4, width / height))
  return { width: Math.round(Math.min(widest, highest * ratio)), ratio: String(Number(ratio.toFixed(3))) }
}
