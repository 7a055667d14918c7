/** A page with its frames as one list of lines. */
import type { Frame, Page } from 'puppeteer-core'
import { isDoneWithin } from '../../async/deadline.ts'
import { BrowserFault } from '../../browsers/fault.ts'
import { settled } from '../../browsers/page/drive.ts'
import { isBetweenDocuments } from '../../browsers/page/between-documents.ts'
import type { RefBook } from './refs.ts'

export interface Tree {
  lines: string[]
  /** Lines before the first, which were asked to be left out. */
  from: number
  /** All that there are, with those of frames that were read. */
  total: number
  /** The page has more than is read of any. */
  cut: boolean
}

export interface TreeOptions {
  /** A part, by its reference; the whole page when left out. */
  part?: string | undefined
  from?: number
  urls?: boolean
  /** Lines of each document; what nobody reads in one go anyway when left out. */
  most?: number
}

const mostLines = 4_000
/** Frames beyond these are named and not read: pages with more have advertisements. */
const mostFrames = 20
/** Ms for a frame: one that hangs must not hold up the page. */
const framePatience = 3_000

/** Throws `element-missing` for a part that is not there; never answers while the page hangs. */
export async function readTree(
  page: Page,
  book: RefBook,
  { part, from = 0, urls = false, most = mostLines }: TreeOptions,
  signal: AbortSignal,
): Promise<Tree> {
  const frame = part === undefined ? page.mainFrame() : book.frameOf(part)
  const root = part === undefined ? null : Number(/\d+/.exec(part)?.[0])
  let budget = mostFrames
  const read = await settled(() => book.read(frame, { root, from, most, urls }), signal)
  if (read === null)
    throw new BrowserFault('element-missing', `There is no element ${part} any more. Take a new browser_snapshot of the whole page`)
  const { lines, total, cut } = read
  const whole = await withFrames(frame, lines, read.frames)
  return { lines: whole, from, total: total + whole.length - lines.length, cut }

  async function withFrames(of: Frame, own: readonly string[], frames: readonly { line: number; ref: number }[]): Promise<string[]> {
    const inside = new Map<number, string[]>()
    for (const { line, ref } of frames) {
      if (budget <= 0) break
      budget -= 1
      const indent = `${/^ */.exec(own[line] ?? '')?.[0] ?? ''}  `
      const lines = await linesOf(of, ref)
      inside.set(
        line,
        lines.map((each) => indent + each),
      )
    }
    return own.flatMap((line, index) => [line, ...(inside.get(index) ?? [])])
  }

  async function linesOf(of: Frame, ref: number): Promise<string[]> {
    const reading = (async (): Promise<string[]> => {
      const content = await book.contentOf(of, ref)
      const inner = content && (await book.read(content, { root: null, from: 0, most, urls }))
      if (content === null || inner === null) return []
      const lines = await withFrames(content, inner.lines, inner.frames)
      return inner.total > inner.lines.length ? [...lines, `- (${inner.total - inner.lines.length} more lines in this frame)`] : lines
    })()
    try {
      return (await isDoneWithin(framePatience, reading)) ? await reading : ['- (this frame does not answer)']
    } catch (error) {
      if (isBetweenDocuments(error)) return ['- (this frame is loading)']
      throw error
    }
  }
}
