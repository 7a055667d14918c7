/** The standards beside the published routes: RFC 7662, 7009 and 7517. */
import { z } from 'zod'
import { failure, token } from './parts.ts'

const down = failure('The session store cannot be reached')
const tokenForm = z.object({ token, token_type_hint: z.string().max(100).optional() })

export const standardRoutes = {
  introspect: {
    method: 'POST',
    path: '/introspect',
    tag: 'Standards',
    summary: 'Token introspection, RFC 7662',
    description: 'No effect on the session. A token that is not good, for whatever reason, is only `{"active":false}`.',
    access: 'local',
    right: 'logins:use',
    verb: 'read',
    bodyType: 'form',
    body: tokenForm,
    responses: {
      200: {
        description: 'What the token is worth',
        body: z.object({
          active: z.boolean(),
          sub: z.string().optional(),
          username: z.string().optional(),
          scope: z.string().optional(),
          token_type: z.string().optional(),
          iss: z.string().optional(),
          aud: z.string().optional(),
          jti: z.string().optional(),
          iat: z.number().optional(),
          exp: z.number().optional(),
          sid: z.string().optional(),
          role_name: z.string().optional(),
        }),
      },
      400: failure('No token'),
      503: down,
    },
  },
  revokeToken: {
    method: 'POST',
    path: '/revoke',
    tag: 'Standards',
    summary: 'Token revocation, RFC 7009',
    description: 'Answers 200 for a token that is not known, too: there is nothing left to revoke.',
    access: 'local',
    right: 'logins:use',
    bodyType: 'form',
    body: tokenForm,
    responses: { 200: { description: 'The token is worth nothing now', contentType: 'text/plain' }, 400: failure('No token'), 503: down },
  },
  jwks: {
    method: 'GET',
    path: '/.well-known/jwks.json',
    tag: 'Standards',
    summary: 'The public keys tokens are signed with, RFC 7517; empty while a shared secret signs',
    access: 'public',
    right: 'anyone',
    responses: { 200: { description: 'Keys', body: z.object({ keys: z.array(z.record(z.string(), z.unknown())) }) } },
  },
} as const
