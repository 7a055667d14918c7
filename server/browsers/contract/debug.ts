/** What `debug: true` of an operation leaves behind. */
import { z } from 'zod'
import type { FaultDefinition, RouteDefinition } from '../../http/contract.ts'
import { failure } from './parts.ts'

export const debugRoutes = {
  debugBundle: {
    method: 'GET',
    path: '/v1/debug-bundles/:bundle',
    tag: 'Operations',
    summary: 'What an operation saw and did, as a ZIP',
    description:
      'For a call with `debug: true`, which answers with this address in `debug_bundle_url`, also when it fails: after each step a picture and the document, and the console, the network as HAR and what became of the steps; secrets are left out. Kept for 24 hours.',
    access: 'local',
    right: 'browsers:use',
    params: z.object({ bundle: z.uuid() }),
    bodyType: 'raw',
    responses: {
      200: { description: 'The ZIP', contentType: 'application/zip' },
      404: failure('No such bundle, or it is somebody else’s'),
    },
  },
} as const satisfies Record<string, RouteDefinition>

export const debugFaults = {
  'debug-bundle-not-found': { status: 404, remedy: 'Call the operation again with `debug: true`; bundles are kept for 24 hours.' },
} as const satisfies Record<string, FaultDefinition>
