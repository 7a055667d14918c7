/** JSON-RPC messages as a bridge sees them: it passes them on as they are, and looks at no more than it must. */

export type Json = Record<string, unknown>
export type RequestId = string | number

/** The first revision without protocol sessions: each request says by itself what it speaks. */
const revisionKey = 'io.modelcontextprotocol/protocolVersion'
/** Which field of a request names what it is about; the stateless era repeats it in a header. */
const namedBy: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
  'tasks/get': 'taskId',
  'tasks/update': 'taskId',
  'tasks/cancel': 'taskId',
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The id of a request; undefined for all else. */
export function requestIdOf(message: unknown): RequestId | undefined {
  if (!isObject(message) || typeof message['method'] !== 'string') return undefined
  return idOf(message)
}

/** The id of the request that is answered; undefined for all else. */
export function answeredId(message: unknown): RequestId | undefined {
  return isObject(message) && message['method'] === undefined ? idOf(message) : undefined
}

/** Of one message or of a batch. */
export function requestIds(message: unknown): RequestId[] {
  return (Array.isArray(message) ? message : [message]).flatMap((each: unknown) => requestIdOf(each) ?? [])
}

export function methodOf(message: unknown): string | undefined {
  return isObject(message) && typeof message['method'] === 'string' ? message['method'] : undefined
}

/** The revision that a message of the stateless era names; undefined in the session era. */
export function ownRevision(message: unknown): string | undefined {
  const meta = paramsOf(message)['_meta']
  const revision = isObject(meta) ? meta[revisionKey] : undefined
  return typeof revision === 'string' ? revision : undefined
}

/** What a request of the stateless era repeats in headers. */
export function ownHeaders(message: unknown): Record<string, string> {
  const method = methodOf(message)
  const revision = ownRevision(message)
  if (method === undefined || revision === undefined) return {}
  const named = namedBy[method] === undefined ? undefined : paramsOf(message)[namedBy[method]]
  return {
    'mcp-protocol-version': revision,
    'mcp-method': method,
    ...(typeof named === 'string' ? { 'mcp-name': headerText(named) } : {}),
  }
}

export function paramsOf(message: unknown): Json {
  const params = isObject(message) ? message['params'] : undefined
  return isObject(params) ? params : {}
}

export function refusal(id: RequestId, code: number, message: string, data?: unknown): Json {
  return { jsonrpc: '2.0', id, error: { code, message, ...(data === undefined ? {} : { data }) } }
}

/** As the protocol has it for what a header cannot hold. */
export function headerText(text: string): string {
  const isPlain = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(text) && !text.startsWith('=?base64?')
  return isPlain ? text : `=?base64?${Buffer.from(text, 'utf8').toString('base64')}?=`
}

function idOf({ id }: Json): RequestId | undefined {
  return typeof id === 'string' || typeof id === 'number' ? id : undefined
}
