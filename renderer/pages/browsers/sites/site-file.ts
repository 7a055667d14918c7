/** A site as a file that can be handed on: what describes it, and nothing that could sign somebody in. */
import { siteProfile } from '../../../../server/browsers/contract/index.ts'

type Site = ReturnType<typeof siteProfile.parse>

/** JSON. A text of the basic authentication that is no name is a credential, whoever wrote it there. */
export function siteFile({ fields, totp, httpAuth, ...rest }: Site): string {
  const named = (text: string): string => (/^\{\w+\}$/.test(text) ? text : '')
  const bare = {
    ...rest,
    fields: Object.fromEntries(
      Object.entries(fields).map(([field, { secret, value }]) => [field, secret ? { secret } : { value, secret }]),
    ),
    totp: totp === null ? null : { ...totp, secret: undefined, set: undefined },
    httpAuth: httpAuth === null ? null : { username: named(httpAuth.username), password: named(httpAuth.password) },
  }
  return JSON.stringify(bare, null, 2)
}

/** Throws why it is none, in words. */
export function readSiteFile(text: string): Site {
  let given: unknown
  try {
    given = JSON.parse(text)
  } catch {
    throw new Error('It is not JSON')
  }
  const { data, error } = siteProfile.safeParse(given)
  if (data !== undefined) return data
  const [first, ...more] = error.issues.map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': '))
  throw new Error(`It is no site. ${first ?? ''}${more.length === 0 ? '' : `, and ${more.length} more`}`)
}

/** What of a site a file cannot bring, by what it is called in the editor. */
export function missingSecrets({ fields, totp, httpAuth }: Site): string[] {
  return [
    ...Object.entries(fields).flatMap(([name, { secret, value }]) => (secret && value === undefined ? [`{${name}}`] : [])),
    ...(totp !== null && totp.secret === undefined ? ['the secret of one-time codes'] : []),
    ...(httpAuth !== null && (httpAuth.username === '' || httpAuth.password === '') ? ['basic authentication'] : []),
  ]
}

export const isSiteName = (name: string): boolean => siteProfile.shape.name.safeParse(name).success

/** The name itself, or with a number where it is taken. */
export function freeSiteName(name: string, taken: readonly string[]): string {
  if (!taken.includes(name)) return name
  const stem = name.slice(0, 58)
  for (let number = 2; ; number += 1) if (!taken.includes(`${stem}-${number}`)) return `${stem}-${number}`
}
