/** What DevTools tell over HTTP of a browser and its pages, for programs that find their WebSocket that way. */
import type { KnownPage } from '../page/page-registry.ts'
import type { CdpHub } from './hub.ts'

/** `id` names the browser; `base` is the address below which the browser is found, e.g. `http://127.0.0.1:5010/cdp/…`. */
export async function describeBrowser(hub: CdpHub, id: string, base: string): Promise<Record<string, string>> {
  const { product, protocolVersion, revision, userAgent, jsVersion } = await hub.ask('Browser.getVersion')
  return {
    Browser: String(product),
    'Protocol-Version': String(protocolVersion),
    'User-Agent': String(userAgent),
    'V8-Version': String(jsVersion),
    'WebKit-Version': `537.36 (${String(revision)})`,
    webSocketDebuggerUrl: `${socketUrl(base)}/devtools/browser/${id}`,
  }
}

export interface DescribedPage {
  description: string
  devtoolsFrontendUrl: string
  id: string
  title: string
  type: 'page'
  url: string
  webSocketDebuggerUrl: string
}

/** The page in front first: a program that asks for one page means that one. */
export function describePages(pages: readonly KnownPage[], front: string | undefined, base: string): DescribedPage[] {
  const inFront = (page: KnownPage): number => (page.id === front ? 0 : 1)
  return pages.toSorted((a, b) => inFront(a) - inFront(b)).map(({ id, url, title }) => describePage({ id, url, title }, base))
}

export function describePage({ id, url, title }: Pick<KnownPage, 'id' | 'url' | 'title'>, base: string): DescribedPage {
  return {
    description: '',
    devtoolsFrontendUrl: '',
    id,
    title,
    type: 'page',
    url,
    webSocketDebuggerUrl: `${socketUrl(base)}/devtools/page/${id}`,
  }
}

/** `ws` for `http`, `wss` for `https`. */
export const socketUrl = (base: string): string => base.replace(/^http/, 'ws')

/** Where a program finds the session with a key, as long as that lives. */
export const keyedBase = (origin: string, id: string): string => `${origin}/v1/browser-sessions/${id}/cdp`

/** What a program says of itself: `Playwright/1.65.1 (x64; debian 12) node/24` becomes `Playwright 1.65`. */
export function programOf(userAgent: string | string[] | undefined): string | null {
  const [, name, version] = /^([A-Za-z][\w.-]{0,39})[ /](\d{1,4}(?:\.\d{1,4})?)/.exec(String(userAgent ?? '')) ?? []
  return name === undefined ? null : `${name} ${version}`
}
