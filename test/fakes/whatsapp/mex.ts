/** The queries and notices that WhatsApp writes as JSON: channels, and what an account is held back from. */
import type { BinaryNode } from 'baileys'
import { children, node, result, server } from './nodes.ts'

export interface MexQuery {
  id: string
  variables: Record<string, unknown>
}

/** The query in an iq; null for any other iq. */
export function mexQuery(request: BinaryNode): MexQuery | null {
  const [query] = children(request)
  if (request.attrs['xmlns'] !== 'w:mex' || !(query?.content instanceof Uint8Array)) return null
  const { variables } = JSON.parse(Buffer.from(query.content).toString()) as { variables: Record<string, unknown> } // as the library writes it
  return { id: query.attrs['query_id'] ?? '', variables }
}

export function mexResult(request: BinaryNode, data: object): BinaryNode {
  return result(request, [node('result', {}, Buffer.from(JSON.stringify({ data })))])
}

export function mexError(request: BinaryNode, code: number, message: string): BinaryNode {
  const error = { message, extensions: { error_code: code } }
  return result(request, [node('result', {}, Buffer.from(JSON.stringify({ data: null, errors: [error] })))])
}

export function mexNotice(id: string, operation: string, data: object, t: string): BinaryNode {
  return node('notification', { from: server, type: 'mex', id, t }, [
    node('update', { op_name: operation }, Buffer.from(JSON.stringify({ data }))),
  ])
}
