/** Reads a request's body within its limits. */
import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import getRawBody from 'raw-body'
import { Refusal } from './problem.ts'

export const defaultBodyLimit = 1_048_576
/** Far deeper than any contract needs; deeper bodies only serve to exhaust a recursive validator. */
const depthLimit = 32
/**
 * Bytes and ms that the rest of an oversized body may take to arrive before its sender is answered. Some MB take a while to a busy machine;
 * a sender who means to be slow could be as slow with a body that is not too large.
 */
const patience = { bytes: 64 * 1_048_576, time: 30_000 }

/** The parsed body; `undefined` when there is none. Throws `Refusal`. */
export async function readBody(request: IncomingMessage, bodyType: 'json' | 'form', limit: number): Promise<unknown> {
  const mediaType = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const bytes = await readBytes(request, limit)
  if (bytes.length === 0) return undefined
  if (bodyType === 'form' && mediaType === 'application/x-www-form-urlencoded')
    return Object.fromEntries(new URLSearchParams(bytes.toString('utf8')))
  if (mediaType !== 'application/json' && !mediaType.endsWith('+json')) throw new Refusal('unsupported-media-type')
  return parseJson(bytes, depthLimit)
}

/** The body as JSON, whatever it says it is: for a protocol that judges types by itself and carries what others nest. Throws `Refusal`. */
export async function readJson(request: IncomingMessage, { limit, depth }: { limit: number; depth: number }): Promise<unknown> {
  return parseJson(await readBytes(request, limit), depth)
}

async function readBytes(request: IncomingMessage, limit: number): Promise<Buffer> {
  try {
    return await getRawBody(request, { limit, length: request.headers['content-length'] ?? null })
  } catch (error) {
    if (isTooLarge(error)) {
      await discardRest(request)
      throw new Refusal('body-too-large', `The body may have at most ${limit} bytes`, { headers: { connection: 'close' } })
    }
    throw new Refusal('invalid-json', 'The body ended before its stated length')
  }
}

/**
 * Many clients listen only when they have sent everything, and a connection that closes before is all they would learn. So the
 * rest is taken and thrown away, but not without end: whoever sends more or slower than this finds the connection closed.
 */
async function discardRest(request: IncomingMessage): Promise<void> {
  await new Promise<void>((resolve) => {
    let bytes = 0
    const done = (): void => {
      clearTimeout(timer)
      request.pause()
      resolve()
    }
    const timer = setTimeout(done, patience.time)
    request.once('end', done)
    request.once('close', done)
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > patience.bytes) done()
    })
    // Whoever found it too large has paused it.
    request.resume()
  })
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && 'type' in error && error.type === 'entity.too.large'
}

function parseJson(bytes: Buffer, limit: number): unknown {
  if (!isUtf8(bytes)) throw new Refusal('invalid-json', 'The body is not valid UTF-8')
  const text = bytes.toString('utf8', bytes.subarray(0, 3).equals(byteOrderMark) ? 3 : 0)
  if (mayNest(text, limit) && nestingOf(text) > limit) throw new Refusal('body-too-deep', `The body is nested deeper than ${limit} levels`)
  try {
    return JSON.parse(text)
  } catch {
    throw new Refusal('invalid-json')
  }
}

/** Whether there are brackets enough to be too deep: most bodies have a few, and are not scanned sign by sign. */
function mayNest(text: string, limit: number): boolean {
  let found = 0
  for (const bracket of ['{', '[']) {
    for (let at = text.indexOf(bracket); at !== -1 && found <= limit; at = text.indexOf(bracket, at + 1)) found += 1
  }
  return found > limit
}

/** Some editors and shells put it before what they send. */
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf])

/** Deepest nesting of brackets outside strings; a scan, so that no parser meets a hostile depth first. */
export function nestingOf(text: string): number {
  let depth = 0
  let deepest = 0
  let inString = false
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if (inString) {
      if (code === 0x5c) index += 1
      else if (code === 0x22) inString = false
    } else if (code === 0x22) inString = true
    else if (code === 0x7b || code === 0x5b) {
      depth += 1
      if (depth > deepest) deepest = depth
    } else if (code === 0x7d || code === 0x5d) depth -= 1
  }
  return deepest
}
