/** A site as a file that can be handed on: what describes it, and nothing that could sign somebody in. */
import type { siteProfile } from '../../../../server/browsers/contract/index.ts'

/** JSON. A text of the basic authentication that is no name is a credential, whoever wrote it there. */
export function siteFile({ fields, totp, httpAuth, ...rest }: ReturnType<typeof siteProfile.parse>): string {
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
