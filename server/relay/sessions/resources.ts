/** Which server a resource is of. */
import type { Upstream } from '../upstreams/upstream.ts'
import { fitsTemplate } from './closed-resources.ts'
import type { View } from './view.ts'

/** The server that has a resource: by its list, then by its templates, then the only one there is. */
export function upstreamOfResource(view: View, uri: string): Upstream | undefined {
  const listed = view.resources.get(uri)
  if (listed !== undefined) return listed
  const matching = view.listedTemplates.find(
    ({ uriTemplate = '', upstream }) => fitsTemplate(uriTemplate, uri) && !view.closed.has(upstream, uri),
  )
  if (matching !== undefined) return matching.upstream
  const able = view.upstreams.filter(({ capabilities }) => capabilities.resources !== undefined)
  const [only] = able
  return only !== undefined && able.length === 1 && view.closed.mayAskUnlisted(only) ? only : undefined
}
