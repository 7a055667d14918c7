/** The servers as the control API sees them. */
import type { NewUpstream, UpstreamPatch, UpstreamSettings, UpstreamView } from '../contract/upstream.ts'

export interface UpstreamAdmin {
  list(): UpstreamView[]
  /** Throws `upstream-taken`. */
  create(given: NewUpstream, actor: string): UpstreamView
  /** All that it is run or called with; said in the audit trail. Throws `upstream-not-found`, `upstream-built-in`, `upstream-locked`. */
  reveal(id: string, actor: string): UpstreamSettings
  /** Throws `upstream-not-found`, `upstream-taken`, `upstream-invalid`, `upstream-built-in`, `upstream-locked`. */
  change(id: string, patch: UpstreamPatch, actor: string): Promise<UpstreamView>
  /** Throws `upstream-not-found`, `upstream-built-in`. */
  remove(id: string, actor: string): Promise<void>
}
