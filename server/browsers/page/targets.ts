/** What Chromium calls targets, as far as they are pages. */
import type { Protocol, Target } from 'puppeteer-core'
import { splitUserinfo, withoutUserinfo } from '../../http/userinfo.ts'

export type TargetInfo = Protocol.Target.TargetInfo

/**
 * Chromium keeps the name and password of an address; whoever sees a page's address has no use for them. A page without a title has its
 * address as one.
 */
export function presentable(info: TargetInfo): TargetInfo {
  const { url, userinfo } = splitUserinfo(info.url)
  return userinfo === null ? info : { ...info, url, title: info.title.includes('@') ? withoutUserinfo(info.title) : info.title }
}

/** Chromium's own pages, none of the session's. `chrome-error://` is what a failed load shows. */
export const isInternal = (url: string): boolean => /^(chrome|chrome-untrusted|devtools):/.test(url)

/** Puppeteer keeps the id internal, but it is the only name that target events and pages have in common. */
export function targetIdOf(target: Target): string {
  return (target as unknown as { _targetId: string })._targetId
}
