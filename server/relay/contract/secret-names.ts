/** Whether an argument is a secret, by its schema or else by its name. The window reads it too. */

/** What programs call secrets, at the end of a name: `newPassword`, `captcha_api_key`; `maxTokens` and `pageToken` are none. */
const secretName = /(password|passwd|passphrase|secret|api[_-]?key|private[_-]?key|secret[_-]?key|(access|auth|refresh|bearer)[_-]?token)$/i

export function isSecretArgument(name: string, schema: unknown): boolean {
  const { format, writeOnly, type } = Object(schema) as { format?: unknown; writeOnly?: unknown; type?: unknown }
  if (format === 'password' || writeOnly === true) return true
  const isText = type === undefined || type === 'string' || (Array.isArray(type) && type.includes('string'))
  return isText && secretName.test(name)
}
