/** An answer that is too long to be taken: whose it is stands at one of its ends, and whoever waits for it is told at once. */
import type { JSONRPCMessage } from '@modelcontextprotocol/client'
import { longestLine, type LongLine } from './line-reader.ts'

const mebibyte = 1_048_576
const id = String.raw`"id"\s*:\s*(\d+|"[^"\\]*")\s*`
const version = String.raw`"jsonrpc"\s*:\s*"2\.0"\s*`
/** Of what the server asks by itself the id is its own. */
const atHead = new RegExp(String.raw`^\s*\{\s*(?:${version},\s*)?(?:${id},\s*)?(?:${version},\s*)?"(?:result|error)"\s*:`)
/** A single brace ends the message itself: what stands before it is no part of the result. */
const atTail = new RegExp(String.raw`[}\]"\w]\s*,\s*(?:${version},\s*)?${id}(?:,\s*${version})?\}\s*$`)

/** The error that takes its place; undefined for what is no answer. */
export function inPlaceOf({ head, tail, length }: LongLine): JSONRPCMessage | undefined {
  const begin = atHead.exec(head.toString('latin1'))
  if (begin === null) return undefined
  const found = begin[1] ?? atTail.exec(tail.toString('latin1'))?.[1]
  if (found === undefined) return undefined
  const message = `The answer has ${Math.ceil(length / mebibyte)} MiB; more than ${longestLine / mebibyte} MiB of one are not taken`
  // A number or a text, as the patterns have it.
  return { jsonrpc: '2.0', id: JSON.parse(found) as string | number, error: { code: -32603, message } }
}
