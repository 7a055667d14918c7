/**
 * The tasks of 2025-11-25 are hidden from clients whole: neither capabilities, listings, requests nor results speak of them. A tool that
 * requires one is run as a task towards its server, and answered as any other call.
 */
import type { Json, Message } from './connection.ts'
import type { SharedRequestOptions } from './shared-connection.ts'

const extension = 'io.modelcontextprotocol/tasks'
const relatedTask = 'io.modelcontextprotocol/related-task'
/** Milliseconds a task may take, which its server is told as well. */
const longest = 3_600_000

/** A tool as it is listed, or what a client says it can do, without a word of tasks. */
export function withoutTasks<Said extends object>(said: Said): Said {
  if (!('execution' in said || 'tasks' in said || 'extensions' in said)) return said
  const rest: Record<string, unknown> = { ...said }
  delete rest['execution']
  delete rest['tasks']
  if (isObject(rest['extensions'])) {
    const { [extension]: _, ...others } = rest['extensions']
    rest['extensions'] = others
  }
  // Only what is optional was taken away.
  return rest as Said
}

export function requiresTask(tool: object): boolean {
  return 'execution' in tool && isObject(tool.execution) && tool.execution['taskSupport'] === 'required'
}

/** Makes a call as a task and waits for its result: the server holds that back until there is one, and asks meanwhile what it needs. */
export async function callAsTask(
  request: (message: Message, options: SharedRequestOptions) => Promise<Json>,
  message: Message,
  options: SharedRequestOptions,
): Promise<Json> {
  const created = await request({ ...message, params: { ...message.params, task: { ttl: longest } } }, options)
  const taskId = isObject(created['task']) ? created['task']['taskId'] : undefined
  // It has answered at once, as it may.
  if (typeof taskId !== 'string') return created
  const params = { taskId }
  try {
    return withoutRelatedTask(await request({ method: 'tasks/result', params }, { ...options, timeout: longest }))
  } catch (error) {
    // Whoever waited has gone, or nobody can tell any more what becomes of it: the server need not go on.
    request({ method: 'tasks/cancel', params }, {}).catch(() => undefined)
    throw error
  }
}

function withoutRelatedTask(result: Json): Json {
  if (!isObject(result['_meta'])) return result
  const { [relatedTask]: _, ...meta } = result['_meta']
  return { ...result, _meta: meta }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
