/** A kept call made once more: its arguments as they were sent, with the secrets that were not kept given anew. */

/** The request is kept as it came: a whole message, or the parameters alone. */
export function argumentsOf(request: string): Record<string, unknown> {
  const message = JSON.parse(request) as { arguments?: Record<string, unknown>; params?: { arguments?: Record<string, unknown> } }
  return message.params?.arguments ?? message.arguments ?? {}
}

/** `secrets` by their JSON pointers. */
export function withSecrets(given: Record<string, unknown>, secrets: Readonly<Record<string, string>>): Record<string, unknown> {
  const made = structuredClone(given)
  for (const [pointer, value] of Object.entries(secrets)) {
    const steps = stepsOf(pointer)
    const last = steps.pop()
    const holder = steps.reduce<unknown>((at, step) => (Object(at) as Record<string, unknown>)[step], made)
    if (last !== undefined && typeof holder === 'object' && holder !== null) Reflect.set(holder, last, value)
  }
  return made
}

/** What a person reads for `/fields/0/value`: fields 1 value. */
export function labelOf(pointer: string): string {
  return stepsOf(pointer)
    .map((step) => (/^\d+$/.test(step) ? String(Number(step) + 1) : step))
    .join(' ')
}

const stepsOf = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
