/** The servers as the control API sees them. */
import type { NewUpstream, UpstreamPatch, UpstreamView } from './upstream-definition.ts'

export interface UpstreamDesk {
  list(): UpstreamView[]
  /** Throws `upstream-taken`. */
  create(given: NewUpstream, actor: string): UpstreamView
  /** Throws `upstream-not-found`, `upstream-taken`, `upstream-invalid`, `upstream-built-in`. */
  change(id: string, patch: UpstreamPatch, actor: string): Promise<UpstreamView>
  /** Throws `upstream-not-found`, `upstream-built-in`. */
  remove(id: string, actor: string): Promise<void>
}
