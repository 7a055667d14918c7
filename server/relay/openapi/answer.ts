/** What an API answers, as the result of a tool: text for texts, images as images, anything else as bytes; never more than a bound. */
import type { CallToolResult } from '@modelcontextprotocol/server'

/** Bytes of an answer; what is longer is cut, and said to be. */
export const maxAnswer = 1_048_576
const shownHeaders = ['location', 'retry-after', 'link', 'x-total-count', 'x-ratelimit-reset']

export async function resultOf(answer: Response): Promise<CallToolResult> {
  const type = answer.headers.get('content-type') ?? ''
  const { bytes, cut } = await firstBytes(answer)
  const status = `${answer.status} ${answer.statusText}`.trim()
  const isError = !answer.ok
  const said = shownHeaders.flatMap((name) => {
    const value = answer.headers.get(name)
    return value === null ? [] : [`${name}: ${value}`]
  })
  if (bytes.length === 0) return { isError, content: [{ type: 'text', text: [status, ...said].join('\n') }] }
  if (!isText(type)) {
    if (cut)
      return {
        isError: true,
        content: [{ type: 'text', text: `${status}\nThe answer is ${type || 'of no known kind'} and longer than ${maxAnswer} bytes.` }],
      }
    return { isError, content: [binary(bytes, type)] }
  }
  const text = decoded(bytes, type)
  const remarks = [...(isError ? [status] : []), ...said, ...(cut ? [`Cut after ${maxAnswer} bytes; ask for less at once.`] : [])]
  return { isError, content: [{ type: 'text', text: remarks.length === 0 ? text : [...remarks, '', text].join('\n') }] }
}

/** Text of what has no kind: most of it is. */
function isText(type: string): boolean {
  return type === '' || /^text\/|json|xml|javascript|x-www-form-urlencoded|yaml|graphql|csv/i.test(type)
}

function decoded(bytes: Uint8Array, type: string): string {
  const charset = /charset\s*=\s*"?([\w.:-]+)/i.exec(type)?.[1] ?? 'utf-8'
  try {
    return new TextDecoder(charset).decode(bytes)
  } catch {
    return new TextDecoder().decode(bytes)
  }
}

function binary(bytes: Buffer, type: string): CallToolResult['content'][number] {
  const data = bytes.toString('base64')
  const mimeType = type.split(';')[0]?.trim() ?? ''
  if (mimeType.startsWith('image/')) return { type: 'image', data, mimeType }
  if (mimeType.startsWith('audio/')) return { type: 'audio', data, mimeType }
  return { type: 'resource', resource: { uri: 'answer:body', mimeType, blob: data } }
}

async function firstBytes(answer: Response): Promise<{ bytes: Buffer; cut: boolean }> {
  const chunks: Uint8Array[] = []
  let length = 0
  if (answer.body !== null)
    for await (const chunk of answer.body) {
      chunks.push(chunk)
      length += chunk.length
      // Leaving the loop cancels the rest.
      if (length > maxAnswer) break
    }
  return { bytes: Buffer.concat(chunks).subarray(0, maxAnswer), cut: length > maxAnswer }
}
