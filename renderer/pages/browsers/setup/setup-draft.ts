/** What can be chosen for a session, as its fields hold it, and as the API takes it. */
import type { BrowserSession } from '../../../../server/browsers/contract/index.ts'
import type { Body } from '../../../api/api.ts'

type Change = Body<'browsers', 'changeBrowserSession'>
type Chosen = Pick<BrowserSession, 'options' | 'tags'>
type Kind = NonNullable<BrowserSession['options']['block']>['kinds'][number]

export interface SetupDraft {
  proxyServer: string
  proxyUsername: string
  /** Never read back: empty with an unchanged proxy leaves it as it is. */
  proxyPassword: string
  width: number | null
  height: number | null
  scale: number | null
  locale: string
  timezone: string
  userAgent: string
  idleMinutes: number | null
  /** `team=yard, run=7`. */
  tags: string
  blockKinds: Kind[]
  /** One in a line or after a comma. */
  blockHosts: string
}

export const kindNames: readonly { value: Kind; label: string }[] = [
  { value: 'image', label: 'Pictures' },
  { value: 'media', label: 'Video and sound' },
  { value: 'font', label: 'Fonts' },
  { value: 'stylesheet', label: 'Style sheets' },
]

export const emptyDraft = (): SetupDraft => ({
  ...{ proxyServer: '', proxyUsername: '', proxyPassword: '', width: null, height: null, scale: null },
  ...{ locale: '', timezone: '', userAgent: '', idleMinutes: null, tags: '', blockKinds: [], blockHosts: '' },
})

export function draftOf({ options, tags }: Chosen): SetupDraft {
  return {
    proxyServer: options.proxy?.server ?? '',
    proxyUsername: options.proxy?.username ?? '',
    proxyPassword: '',
    width: options.viewport?.width ?? null,
    height: options.viewport?.height ?? null,
    scale: options.deviceScaleFactor,
    locale: options.locale ?? '',
    timezone: options.timezone ?? '',
    userAgent: options.userAgent ?? '',
    idleMinutes: options.idleSeconds === null ? null : Math.round(options.idleSeconds / 60),
    tags: Object.entries(tags)
      .map(([name, value]) => (value === '' ? name : `${name}=${value}`))
      .join(', '),
    blockKinds: [...(options.block?.kinds ?? [])],
    blockHosts: (options.block?.hosts ?? []).join(', '),
  }
}

/** What differs from `before`, in the words of the API; null takes a choice back. `patterns` are not shown, and stay. */
export function changeOf(draft: SetupDraft, before: SetupDraft, patterns: readonly string[] = []): Change {
  const differs = (...fields: (keyof SetupDraft)[]): boolean => fields.some((field) => String(draft[field]) !== String(before[field]))
  const change: Change = {}
  if (differs('proxyServer', 'proxyUsername', 'proxyPassword')) change.proxy = proxyOf(draft)
  if (differs('width', 'height'))
    change.viewport = draft.width === null || draft.height === null ? null : { width: draft.width, height: draft.height }
  if (differs('scale')) change.deviceScaleFactor = draft.scale
  if (differs('locale')) change.locale = draft.locale.trim() || null
  if (differs('timezone')) change.timezone = draft.timezone.trim() || null
  if (differs('userAgent')) change.userAgent = draft.userAgent.trim() || null
  if (differs('idleMinutes')) change.idleSeconds = draft.idleMinutes === null ? null : draft.idleMinutes * 60
  if (differs('tags')) change.tags = tagsOf(draft.tags)
  if (differs('blockKinds', 'blockHosts')) {
    const hosts = listOf(draft.blockHosts)
    const nothing = hosts.length + draft.blockKinds.length + patterns.length === 0
    change.block = nothing ? null : { hosts, kinds: [...draft.blockKinds], patterns: [...patterns] }
  }
  return change
}

/** What is chosen, in a few words each; nothing where nothing is. */
export function choicesOf({ options, tags }: Chosen): { name: string; value: string }[] {
  const { proxy, viewport, deviceScaleFactor, locale, timezone, userAgent, block, idleSeconds, downloads, headless, extensions, args } =
    options
  const blocked = [
    ...kindNames.filter(({ value }) => block?.kinds.includes(value)).map(({ label }) => label),
    ...(block?.hosts ?? []),
    ...(block?.patterns ?? []),
  ]
  const rows: [string, string | null | undefined][] = [
    ['Tags', draftOf({ options, tags }).tags],
    ['Proxy', proxy && [proxy.server, proxy.username].filter(Boolean).join(' as ')],
    ['Page size', viewport && `${viewport.width} x ${viewport.height}`],
    ['Pixels per px', deviceScaleFactor === null ? null : String(deviceScaleFactor)],
    ['Language', locale],
    ['Time zone', timezone],
    ['User agent', userAgent],
    ['Not loaded', blocked.join(', ')],
    ['Downloads', downloads === null ? null : downloads === 'allow' ? 'Allowed' : 'Refused'],
    ['Ends after', idleSeconds === null ? null : `${Math.round(idleSeconds / 6) / 10} min without use`],
    ['Window', headless === null ? null : headless ? 'None' : 'On the screen'],
    ['Extensions', extensions.join(', ')],
    ['Arguments', args.join(' ')],
  ]
  return rows.flatMap(([name, value]) => (value ? [{ name, value }] : []))
}

function proxyOf({ proxyServer, proxyUsername, proxyPassword }: SetupDraft): Change['proxy'] {
  const server = proxyServer.trim()
  if (server === '') return null
  const address = server.includes('://') ? server : `http://${server}`
  // Credentials in the address count where no field has them.
  return proxyUsername === '' ? address : { server: address, username: proxyUsername, password: proxyPassword }
}

function tagsOf(text: string): Change['tags'] {
  const tags = listOf(text).map((tag) => {
    const [name = '', ...value] = tag.split('=')
    return [name.trim(), value.join('=').trim()] as const
  })
  return tags.length === 0 ? null : Object.fromEntries(tags)
}

const listOf = (text: string): string[] =>
  text
    .split(/[,\n]/)
    .map((each) => each.trim())
    .filter(Boolean)
