/** Operations of site profiles as endpoints: each name is one. */
import { z } from 'zod'
import type { FaultDefinition, RouteDefinition } from '../../http/contract.ts'
import { failure } from './parts.ts'
import { siteProfileName } from './site-profile.ts'

const text = z.string('must be a text').max(1_024, 'must not be longer than 1024 characters')

export const operationRoutes = {
  runOperation: {
    method: 'POST',
    path: '/:operation',
    tag: 'Operations',
    summary: 'Run an operation of a site profile through a session',
    description:
      'Every operation that a site profile has is an endpoint of its name. Takes a session_id, or credentials with which a session is found or made, and the fields that the operation asks for; answers with these fields and what it read: a text, a list, a table as a list of rows, or a file as `file_url`. `profile` names the site; the default one is meant without. With `debug: true` the answer has `debug_bundle_url`, also when it fails.',
    access: 'local',
    right: 'browsers:use',
    params: z.object({ operation: z.string().regex(/^[a-z_][a-z0-9_]{0,59}$/) }),
    body: z.looseObject({
      session_id: text.optional(),
      profile: siteProfileName.optional(),
      username: text.optional(),
      password: text.optional(),
      captcha_api_key: text.optional(),
      debug: z.boolean('must be true or false').optional(),
    }),
    responses: {
      200: {
        description: 'What it read; null, or an empty list, where there is no such thing',
        body: z.looseObject({
          success: z.literal(true),
          session_id: z.string(),
          is_new_session: z.boolean(),
          debug_bundle_url: z.string().optional(),
        }),
      },
      400: failure('A field is missing or has the wrong type'),
      401: failure('The site refused the login'),
      404: failure('The site profile has no such operation'),
      500: failure('The operation failed'),
    },
  },
} as const satisfies Record<string, RouteDefinition>

export const operationFaults = {
  'no-such-operation': { status: 404, remedy: 'Check the path; operations are named in the site profile.' },
} as const satisfies Record<string, FaultDefinition>
