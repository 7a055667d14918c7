/** A call that did not succeed, whichever API it went to. */

export interface FieldProblem {
  field: string
  message: string
}

export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** The HTTP status; 0 when the server could not be reached. */
  readonly status: number
  /** The API's own code where it has one, else `unreachable`, `timeout` or `http-<status>`. */
  readonly code: string
  readonly issues: readonly FieldProblem[]
  readonly requestId: string | null

  constructor(
    status: number,
    code: string,
    message: string,
    issues: readonly FieldProblem[] = [],
    requestId: string | null = null,
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.status = status
    this.code = code
    this.issues = issues
    this.requestId = requestId
  }

  get unreachable(): boolean {
    return this.status === 0
  }

  /** The message for one field of a form, by its dotted path. */
  issue(field: string): string | undefined {
    return this.issues.find((issue) => issue.field === field)?.message
  }
}

/** Reads a failed reply. Control answers `{error: {code, message}}`, published contracts `{error: "words"}` or `{message}`. */
export function readFailure(status: number, body: unknown): ApiError {
  const fallback = `http-${status}`
  if (!isRecord(body)) return new ApiError(status, fallback, `The server answered ${status}`)
  const requestId = text(body['request_id']) ?? null
  const { error } = body
  if (isRecord(error)) {
    return new ApiError(
      status,
      text(error['code']) ?? fallback,
      text(error['message']) ?? `The server answered ${status}`,
      readIssues(error['issues']),
      text(error['requestId']) ?? requestId,
    )
  }
  const message = text(error) ?? text(body['message']) ?? `The server answered ${status}`
  const details = text(body['details'])
  return new ApiError(
    status,
    text(body['code']) ?? fallback,
    details === undefined ? message : `${message}: ${details}`,
    readIssues(body['issues']),
    requestId,
  )
}

/** Any thrown value as words for a toast. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function readIssues(value: unknown): FieldProblem[] {
  if (!Array.isArray(value)) return []
  return value.filter(isRecord).map((issue) => ({ field: text(issue['field']) ?? '', message: text(issue['message']) ?? '' }))
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
