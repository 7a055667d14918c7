/** What a person types of an API's credentials, as requests carry it. */
import type { ApiCredential, ApiOperation } from '../../../../server/relay/contract/index.ts'

/** What is asked for, in words. */
export function credentialLabel({ kind, name, parameter }: ApiCredential): string {
  if (kind === 'basic') return `${name}: name and password`
  if (kind === 'bearer' || kind === 'oauth') return `${name}: token`
  return `${name}: ${parameter}`
}

export function credentialHint({ kind, parameter, description }: ApiCredential): string {
  const how = {
    basic: 'As name:password, sent as a header',
    bearer: 'Sent as Authorization: Bearer',
    oauth: 'A token from its sign-in, sent as Authorization: Bearer',
    header: `Sent as the header ${parameter}`,
    query: `Put on every address as ${parameter}`,
    cookie: `Sent as the cookie ${parameter}`,
  }[kind]
  return description === '' ? how : `${how}. ${description}`
}

/** Headers, and the address with what goes there. What was left empty is not sent. */
export function withCredentials(
  url: string,
  credentials: readonly ApiCredential[],
  values: Readonly<Record<string, string>>,
): { url: string; headers: Record<string, string> } {
  const at = new URL(url)
  const headers: Record<string, string> = {}
  const cookies: string[] = []
  for (const { name, kind, parameter } of credentials) {
    const value = (values[name] ?? '').trim()
    if (value === '') continue
    if (kind === 'query') at.searchParams.append(parameter, value)
    else if (kind === 'cookie') cookies.push(`${parameter}=${encodeURIComponent(value)}`)
    else if (kind === 'header') headers[parameter] = value
    else headers['Authorization'] = kind === 'basic' ? `Basic ${base64(value)}` : `Bearer ${value.replace(/^Bearer +/i, '')}`
  }
  if (cookies.length > 0) headers['Cookie'] = cookies.join('; ')
  return { url: at.href, headers }
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
}

/** A name for the server that its title suggests. */
export function nameOf(title: string): string {
  return (
    title
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-+|-+$/g, '')
      .slice(0, 40) || 'api'
  )
}

/** Those of `wanted` are ticked or not as `on` says; the others stay as they are. */
export function ticked(
  chosen: ReadonlySet<string>,
  wanted: readonly ApiOperation[],
  on: (operation: ApiOperation) => boolean,
): ReadonlySet<string> {
  const next = new Set(chosen)
  for (const operation of wanted) {
    if (on(operation)) next.add(operation.id)
    else next.delete(operation.id)
  }
  return next
}

export function found(operations: readonly ApiOperation[], words: string): ApiOperation[] {
  const wanted = words.trim().toLowerCase()
  if (wanted === '') return [...operations]
  return operations.filter(({ id, name, summary }) => `${id} ${name} ${summary}`.toLowerCase().includes(wanted))
}
