/** A site profile as the form edits it: text everywhere, turned into a profile only when it is whole and valid. */
import { controlContract } from '../../../server/control/contract/index.ts'
import type { SentSiteProfile, SiteProfileView } from '../../stores/site-profiles.ts'

export interface ProfileDraft {
  name: string
  title: string
  kind: 'form' | 'none'
  address: string
  form: { username: string; password: string; submit: string }
  captcha: { kind: 'none' | 'recaptcha-v2' | 'image'; element: string; answer: string }
  success: SignDraft
  failure: SignDraft
  /** Seconds. */
  loginTimeout: number
  refresh: { address: string; /** Seconds. */ every: number; loggedOutUrl: string }
  keep: boolean
  /** JSON. */
  operations: string
}

export interface SignDraft {
  url: string
  selector: string
  text: string
}

export function draftOf(profile: SiteProfileView | null): ProfileDraft {
  const sign = (given: SiteProfileView['success'] | undefined): SignDraft => ({
    url: given?.url ?? '',
    selector: given?.selector ?? '',
    text: given?.text ?? '',
  })
  return {
    name: profile?.name ?? '',
    title: profile?.title ?? '',
    kind: profile?.kind ?? 'form',
    address: profile?.address ?? '',
    form: profile?.form ?? { username: '', password: '', submit: '' },
    captcha: profile?.captcha ?? { kind: 'none', element: '', answer: '' },
    success: sign(profile?.success),
    failure: sign(profile?.failure),
    loginTimeout: (profile?.loginTimeout ?? 60_000) / 1_000,
    refresh: {
      address: profile?.refresh?.address ?? '',
      every: (profile?.refresh?.every ?? 120_000) / 1_000,
      loggedOutUrl: profile?.refresh?.loggedOutUrl ?? '',
    },
    keep: profile?.keep ?? true,
    operations: JSON.stringify(profile?.operations ?? {}, null, 2),
  }
}

export type ReadDraft = { profile: SentSiteProfile } | { problems: Readonly<Record<string, string>> }

/**
 * The profile, or what is wrong by dotted field. What this form does not show, such as the steps of the login, stays as it was in `base`.
 */
export function readDraft(draft: ProfileDraft, base: SiteProfileView | null = null): ReadDraft {
  const operations = parseJson(draft.operations)
  if (operations === undefined) return { problems: { operations: 'This is not JSON' } }
  const sign = ({ url, selector, text }: SignDraft) => {
    const given = Object.entries({ url, selector, text }).filter(([, value]) => value.trim() !== '')
    return given.length === 0 ? null : Object.fromEntries(given)
  }
  const hasSteps = base !== null && base.login !== null
  const result = controlContract.routes.putSiteProfile.body.safeParse({
    ...(base === null ? {} : { ...base, name: undefined, builtIn: undefined }),
    title: draft.title.trim(),
    kind: draft.kind,
    address: draft.address.trim() === '' ? null : draft.address.trim(),
    form: draft.kind === 'form' && !hasSteps ? draft.form : null,
    login: draft.kind === 'form' ? (base?.login ?? null) : null,
    captcha: draft.kind === 'none' || hasSteps || draft.captcha.kind === 'none' ? null : draft.captcha,
    success: sign(draft.success),
    failure: sign(draft.failure),
    loginTimeout: Math.round(draft.loginTimeout * 1_000),
    refresh: draft.refresh.address.trim() === '' ? null : { ...draft.refresh, every: Math.round(draft.refresh.every * 1_000) },
    keep: draft.keep,
    operations,
  })
  const problems = Object.fromEntries((result.error?.issues ?? []).map(({ path, message }) => [path.join('.'), message]))
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(draft.name)) problems['name'] = 'Lower-case letters, digits and dashes'
  if (draft.kind === 'form' && draft.address.trim() === '') problems['address'] = 'A login form has an address'
  if (!result.success || Object.keys(problems).length > 0) return { problems }
  return { profile: result.data }
}

function parseJson(text: string): unknown {
  try {
    return text.trim() === '' ? {} : JSON.parse(text)
  } catch {
    return undefined
  }
}
