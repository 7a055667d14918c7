/** A tab of the panel beside the large view: a row of `side-tabs.ts`. */
import type { Component } from 'vue'
import type { BrowserSession, SessionEvent } from '../../../../server/browsers/contract/index.ts'

/** What every tab is given; it may emit `changed` after it changed something of the session. */
export interface SideTabProps {
  session: BrowserSession
  /** Null before they were read. */
  events: readonly SessionEvent[] | null
}

export interface SideTab {
  id: string
  label: string
  /** The number beside the label; null or nothing where there is none to tell. */
  count?(of: SideTabProps): number | null
  component: Component
}
