/** Turns whatever was thrown into a problem of the API's own vocabulary; what was not expected stays inside. */
import type { z } from 'zod'
import { Fault } from '../fault.ts'
import { diskRefusal, type DiskRefusal } from '../store/disk.ts'
import type { Contract, FaultDefinition, FieldIssue, Problem } from './contract.ts'

/** A refusal by the border itself: a guard, a limit or a schema. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: KernelCode
  readonly issues: readonly FieldIssue[]
  readonly headers: Readonly<Record<string, string>>

  constructor(
    code: KernelCode,
    message: string = kernelProblems[code].message,
    more: { issues?: readonly FieldIssue[]; headers?: Record<string, string> } = {},
  ) {
    super(message)
    this.code = code
    this.issues = more.issues ?? []
    this.headers = more.headers ?? {}
  }
}

/** What the border of every API refuses by itself. A contract may restate a code, with a status or words of its own. */
export const kernelProblems = {
  'invalid-json': { status: 400, message: 'The body is not valid JSON', remedy: 'Send valid JSON in UTF-8, whole.' },
  'invalid-body': {
    status: 400,
    message: 'The body is not what this route takes',
    remedy: 'Correct the body by the reference of the route; `message` or the list of fields says what is wrong.',
  },
  'invalid-params': {
    status: 400,
    message: 'The address is not what this route takes',
    remedy: 'Correct the address: a part of the path is not what the route takes.',
  },
  'invalid-query': {
    status: 400,
    message: 'The query is not what this route takes',
    remedy: 'Correct the query by the reference of the route.',
  },
  'body-too-deep': { status: 400, message: 'The body is nested too deep', remedy: 'Nest the body less deeply.' },
  'body-too-large': { status: 413, message: 'The body is too large', remedy: 'Send less at once.' },
  'unsupported-media-type': {
    status: 415,
    message: 'Send the body as application/json',
    remedy: 'Send the body as `application/json`, or as what the route takes instead.',
  },
  'two-hosts': { status: 400, message: 'A request names one Host', remedy: 'Send one Host header.' },
  'foreign-host': {
    status: 403,
    message: 'This Host is not one of ours',
    remedy: 'Call the address that Wheelhouse shows for the API; a name of your own is allowed in the settings.',
  },
  'foreign-origin': {
    status: 403,
    message: 'Pages of this origin may not call this API',
    remedy: 'Allow the origin of the page in the settings, or call with a key.',
  },
  'key-required': { status: 401, message: 'An API key is required', remedy: 'Send a key, as `X-API-Key` or `Authorization: Bearer`.' },
  'key-refused': {
    status: 401,
    message: 'The API key is not known',
    remedy: 'Check the key; it may have been revoked or have ended. A new one is made under API keys.',
  },
  'key-not-allowed': {
    status: 403,
    message: 'The API key does not allow this',
    remedy: 'Use a key with the right that the route asks for; see [rights](rights.md).',
  },
  'rate-limited': { status: 429, message: 'Too many requests', remedy: 'Wait as long as `Retry-After` says, then try again.' },
  'not-found': { status: 404, message: 'Not found', remedy: 'Check method and path by the reference under `/docs`.' },
  'method-not-allowed': { status: 405, message: 'Method not allowed', remedy: 'Use a method that `Allow` names.' },
  'upgrade-required': { status: 426, message: 'This address speaks WebSocket', remedy: 'Open the address as a WebSocket.' },
  unavailable: {
    status: 503,
    message: 'This cannot be served at the moment',
    remedy: 'Try again in a moment; "Needs attention" says what is wrong.',
  },
  'storage-refused': {
    status: 507,
    message: 'Nothing was stored',
    remedy: 'Make room on the disk, or let Wheelhouse write to its data directory; then try again.',
  },
  internal: { status: 500, message: 'Internal server error', remedy: 'Try again; if it comes back, look in the log for the request id.' },
} as const satisfies Record<string, FaultDefinition & { message: string }>
export type KernelCode = keyof typeof kernelProblems

export interface TranslatedProblem {
  problem: Problem
  headers: Readonly<Record<string, string>>
  /** True when nobody expected the error: it belongs in the log. */
  unexpected: boolean
  /** Set when it was the disk that failed. */
  disk?: DiskRefusal
}

/** Status and words come from the contract where it fixes them, else from the kernel's own table. */
export function toProblem(error: unknown, contract: Contract, requestId: string): TranslatedProblem {
  if (error instanceof Refusal) {
    const stated = contract.faults[error.code]
    const status = stated?.status ?? kernelProblems[error.code].status
    const message = stated?.message ?? error.message
    return {
      problem: { status, code: error.code, message, details: {}, issues: error.issues, requestId },
      headers: error.headers,
      unexpected: false,
    }
  }
  if (error instanceof Fault) {
    const stated = contract.faults[error.code]
    if (stated !== undefined) {
      const message = stated.message ?? error.message
      return {
        problem: { status: stated.status, code: error.code, message, details: error.details, issues: issuesOf(error), requestId },
        headers: retryAfterOf(error),
        unexpected: false,
      }
    }
  }
  const disk = diskRefusal(error)
  if (disk !== null) {
    const { status, message } = kernelProblems['storage-refused']
    const stated = contract.faults['storage-refused']
    const problem = {
      status: stated?.status ?? status,
      code: 'storage-refused',
      message: stated?.message ?? `${message}: ${disk.reason}`,
      details: {},
      issues: [],
      requestId,
    }
    return { problem, headers: {}, unexpected: true, disk }
  }
  const { status, message } = kernelProblems.internal
  return { problem: { status, code: 'internal', message, details: {}, issues: [], requestId }, headers: {}, unexpected: true }
}

/** A service that knows when it is worth to ask again says so in `details.retryAfter`, in seconds. */
function retryAfterOf({ details }: Fault): Record<string, string> {
  const { retryAfter } = details
  return typeof retryAfter === 'number' ? { 'retry-after': String(retryAfter) } : {}
}

/** A service that validates by itself names the fields in `details.issues`. */
function issuesOf({ details }: Fault): FieldIssue[] {
  const issues = details['issues']
  return Array.isArray(issues)
    ? issues.map(({ field, message }: { field: unknown; message: unknown }) => ({
        field: String(field),
        message: String(message),
        missing: false,
      }))
    : []
}

/**
 * zod's issues as field and words; a field that is not there at all is told apart from a wrong one. One for each field: a list where a text
 * is wanted has the wrong length as well, which nobody needs to hear.
 */
export function fieldIssues(error: z.ZodError, input: unknown): FieldIssue[] {
  const byField = new Map<string, FieldIssue>()
  for (const issue of error.issues) {
    const field = issue.path.join('.')
    if (!byField.has(field)) byField.set(field, { field, message: issue.message, missing: valueAt(input, issue.path) === undefined })
  }
  return [...byField.values()]
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = Reflect.get(value, part)
  }
  return value
}
