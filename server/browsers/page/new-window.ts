/** What becomes of a window that opens in a session's browser. */
import { isInternal, type TargetInfo } from './targets.ts'

/**
 * - `ignored`: Chromium's own, or no page.
 * - `popup`: opened with a handle by an embedded frame, whose scripts the page's guard does not reach: an advertisement's. It is closed and
 *   recorded, unless the page may open windows now.
 * - `background`: asked for by `inBackground`, which works in it alone, or opened by such a page while it may open windows.
 * - `closed`: opened by a page at the back, where nobody would see it.
 * - `page`: the first one, or one that a click on a link opened (`target=_blank`): the person asked for it, so it stays and comes to the
 *   front.
 */
export type WindowFate = 'ignored' | 'popup' | 'background' | 'closed' | 'page'

export interface Surroundings {
  /** A page at the back is being opened, and nothing tells it apart but that it has no opener. */
  openingInBackground: boolean
  isInBackground(targetId: string): boolean
  /** Its page may open windows now. */
  isPermitted(openerId: string): boolean
}

export function fateOf(info: TargetInfo, { openingInBackground, isInBackground, isPermitted }: Surroundings): WindowFate {
  if (info.type !== 'page' || isInternal(info.url)) return 'ignored'
  const { openerId, canAccessOpener, openerFrameId } = info
  if (openerId === undefined) return openingInBackground ? 'background' : 'page'
  if (canAccessOpener && openerFrameId !== openerId && !isPermitted(openerId)) return 'popup'
  if (!isInBackground(openerId)) return 'page'
  return isPermitted(openerId) ? 'background' : 'closed'
}
