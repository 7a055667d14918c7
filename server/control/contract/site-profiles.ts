/** Site profiles: what the logins of browser sessions are made of. */
import { z } from 'zod'
import { siteProfile, siteProfileName } from '../../browsers/contract/site-profile.ts'
import type { RouteDefinition, SocketDefinition } from '../../http/contract.ts'
import { failure } from './parts.ts'

export const siteProfileRoutes = {
  siteProfiles: {
    method: 'GET',
    path: '/control/v1/site-profiles',
    tag: 'Site profiles',
    summary: 'What logins there are',
    access: 'key',
    right: 'browsers:use',
    responses: { 200: { description: 'Profiles', body: z.object({ profiles: z.array(siteProfile.extend({ builtIn: z.boolean() })) }) } },
  },
  siteProfile: {
    method: 'GET',
    path: '/control/v1/site-profiles/:name',
    tag: 'Site profiles',
    summary: 'One profile',
    access: 'key',
    right: 'browsers:use',
    params: z.object({ name: siteProfileName }),
    responses: {
      200: { description: 'The profile', body: siteProfile.extend({ builtIn: z.boolean() }) },
      404: failure('No such profile'),
    },
  },
  putSiteProfile: {
    method: 'PUT',
    path: '/control/v1/site-profiles/:name',
    tag: 'Site profiles',
    summary: 'Make or replace a profile',
    description: 'Replacing a built-in profile overrides it; deleting the override brings the built-in one back.',
    access: 'key',
    right: 'control:manage',
    params: z.object({ name: siteProfileName }),
    body: siteProfile.omit({ name: true }).extend({ name: siteProfileName.optional() }),
    responses: { 200: { description: 'The profile', body: siteProfile.extend({ builtIn: z.boolean() }) }, 400: failure('Invalid') },
  },
  removeSiteProfile: {
    method: 'DELETE',
    path: '/control/v1/site-profiles/:name',
    tag: 'Site profiles',
    summary: 'Remove a profile',
    access: 'key',
    right: 'control:manage',
    params: z.object({ name: siteProfileName }),
    responses: { 204: { description: 'Removed' }, 404: failure('No such profile'), 409: failure('A built-in profile cannot be removed') },
  },
} as const satisfies Record<string, RouteDefinition>

export const siteProfileSockets = {
  practiceSite: {
    path: '/control/v1/practice-site',
    summary: 'Sign in to a practice site by default, for as long as this socket is open',
    description:
      'The first message is `{"profile", "captchaAddress"}`, both on this machine; `{"type": "connected"}` answers it, or `{"type": "refused", "message"}`. Nothing of it is stored: with the socket the site ceases to be the default, whichever end dies.',
    tag: 'Site profiles',
    access: 'key',
    right: 'control:manage',
  },
} as const satisfies Record<string, SocketDefinition>
