/**
 * Elements by the short names that a snapshot gives them. A number is given once in the life of a session, so an old one names the same
 * element or none, never another; which document it stands in is known here, the element itself by that document's own world.
 */
import type { ElementHandle, Frame } from 'puppeteer-core'
import { BrowserFault } from '../../browsers/fault.ts'
import { isBetweenDocuments } from '../../browsers/page/between-documents.ts'
import { evaluateIsolated, isolatedElement } from '../../browsers/page/isolated.ts'
import type { Session } from '../../browsers/session/session.ts'
import { makeNaming } from './in-page/naming.ts'
import { makeReader, type ReadOptions, type ReadPage } from './in-page/reader.ts'
import { makeStates } from './in-page/states.ts'

interface Range {
  from: number
  to: number
  frame: Frame
}

/** Of documents that have gone, as many are remembered. */
const mostRanges = 2_000

/** Made in a document's world when it is first needed, and gone with it. */
const reader = `(globalThis.wheelhouseReader ??= ((naming) => (${makeReader.toString()})(naming, (${makeStates.toString()})(naming)))((${makeNaming.toString()})()))`

export class RefBook {
  #next = 1
  readonly #ranges: Range[] = []

  /** Reads one frame. Null when `root` is not there. */
  async read(frame: Frame, options: Omit<ReadOptions, 'first'>): Promise<ReadPage | null> {
    const first = this.#next
    // Another frame may be read meanwhile, so the numbers are set aside before they are used.
    this.#next += options.most
    const read = await evaluateIsolated<[], ReadPage | null>(frame, `${reader}.read(${JSON.stringify({ ...options, first })})`)
    if (read === null) return null
    if (this.#next === first + options.most) this.#next = read.next
    if (read.next > first) this.#ranges.push({ from: first, to: read.next, frame })
    if (this.#ranges.length > mostRanges) this.#ranges.splice(0, mostRanges / 2)
    return read
  }

  /** The frame whose document has that number; throws `element-missing`. */
  frameOf(ref: string): Frame {
    const number = numberOf(ref)
    const range = this.#ranges.findLast(({ from, to }) => number >= from && number < to)
    if (range === undefined || range.frame.detached) throw stale(ref)
    return range.frame
  }

  /** Throws `element-missing` for one that has gone with its document, or was taken out of it. */
  async find(ref: string): Promise<ElementHandle<Element>> {
    const frame = this.frameOf(ref)
    const found = await isolatedElement(frame, `${reader}.element(${numberOf(ref)})`).catch((error: unknown): null => {
      if (isBetweenDocuments(error)) return null
      throw error
    })
    if (found === null) throw stale(ref)
    return found
  }

  /** E.g. `button "Moor"`. */
  async describe(ref: string): Promise<string> {
    const number = numberOf(ref)
    const source = `((element) => element && ${reader}.describe(element))(${reader}.element(${number}))`
    return String((await evaluateIsolated(this.frameOf(ref), source).catch(() => null)) ?? 'element')
  }

  /** Of a frame's element, by its number; null when it has none now. */
  async contentOf(frame: Frame, number: number): Promise<Frame | null> {
    const element = await isolatedElement(frame, `${reader}.element(${number})`)
    try {
      return (await element?.contentFrame()) ?? null
    } finally {
      element?.dispose().catch(() => undefined)
    }
  }
}

const books = new WeakMap<Session, RefBook>()

/** All who work in a session know its elements by the same names. */
export function refBookOf(session: Session): RefBook {
  const book = books.get(session) ?? new RefBook()
  books.set(session, book)
  return book
}

/** `e12`; also `[ref=e12]` or `@e12`, as they are written elsewhere. */
export function numberOf(ref: string): number {
  const digits = /^(?:\[?ref=|@)?e(\d{1,9})\]?$/.exec(ref.trim())?.[1]
  if (digits === undefined)
    throw new BrowserFault(
      'element-missing',
      `${JSON.stringify(ref.slice(0, 40))} is no element reference; take one from browser_snapshot, e.g. e12`,
    )
  return Number(digits)
}

function stale(ref: string): BrowserFault {
  return new BrowserFault(
    'element-missing',
    `There is no element ${ref} any more: the page has changed since it was read. Take a new browser_snapshot and use a reference from it`,
  )
}
