/** Groups of tools that sessions may take, and profiles from which sessions are made; both go from one Wheelhouse to another as files. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../http/contract.ts'
import { accountId, expiresIn, failure, groupId, itemRef, profileId, rowId, secretId, sessionPolicy } from './parts.ts'
import { relaySession } from './native-sessions.ts'

const label = z.string().trim().min(1).max(80)
const tools = z.array(itemRef).max(2_000)

export const toolGroup = z.object({
  id: groupId,
  name: z.string(),
  tools,
  createdAt: isoTime,
  /** Sessions that take it. */
  sessions: z.number().int(),
})
export type ToolGroup = z.output<typeof toolGroup>

export const sessionProfile = z.object({ id: profileId, name: z.string(), policy: sessionPolicy, createdAt: isoTime, changedAt: isoTime })
export type SessionProfile = z.output<typeof sessionProfile>

/** A policy without ids of this installation: servers and groups by name. */
export const profileFile = z.object({
  wheelhouse: z.literal('session-profile'),
  version: z.literal(1),
  name: label,
  policy: z.record(z.string(), z.unknown()),
  /** The groups that the policy takes. */
  groups: z
    .array(z.object({ name: label, tools: z.array(z.object({ server: z.string().max(63), name: z.string().max(512) })).max(2_000) }))
    .max(100),
})
export type ProfileFile = z.output<typeof profileFile>

const group = z.object({ id: groupId })
const profile = z.object({ id: profileId })
const session = z.object({ id: rowId })
const taken = failure('The name is taken')

export const profileRoutes = {
  toolGroups: {
    method: 'GET',
    path: '/v1/tool-groups',
    tag: 'Window',
    summary: 'Groups of tools',
    access: 'key',
    right: 'relay:use',
    responses: { 200: { description: 'Groups, by name', body: z.object({ groups: z.array(toolGroup) }) } },
  },
  createToolGroup: {
    method: 'POST',
    path: '/v1/tool-groups',
    tag: 'Window',
    summary: 'Put tools of any servers into a group',
    access: 'key',
    right: 'relay:manage',
    body: z.object({ name: label, tools }),
    responses: { 201: { description: 'The group', body: toolGroup }, 409: taken },
  },
  changeToolGroup: {
    method: 'PATCH',
    path: '/v1/tool-groups/:id',
    tag: 'Window',
    summary: 'Change a group; sessions that take it, also those in use, see that at once',
    access: 'key',
    right: 'relay:manage',
    params: group,
    body: z.object({ name: label.optional(), tools: tools.optional() }),
    responses: { 200: { description: 'The group', body: toolGroup }, 404: failure('No such group'), 409: taken },
  },
  removeToolGroup: {
    method: 'DELETE',
    path: '/v1/tool-groups/:id',
    tag: 'Window',
    summary: 'Remove a group; sessions that take it lose its tools',
    access: 'key',
    right: 'relay:manage',
    params: group,
    responses: { 204: { description: 'Removed' }, 404: failure('No such group') },
  },
  sessionProfiles: {
    method: 'GET',
    path: '/v1/session-profiles',
    tag: 'Window',
    summary: 'Profiles from which sessions are made',
    access: 'key',
    right: 'relay:use',
    responses: { 200: { description: 'Profiles, by name', body: z.object({ profiles: z.array(sessionProfile) }) } },
  },
  createSessionProfile: {
    method: 'POST',
    path: '/v1/session-profiles',
    tag: 'Window',
    summary: 'Keep a policy, or what a session may reach, as a profile',
    access: 'key',
    right: 'relay:manage',
    body: z
      .object({ name: label, policy: sessionPolicy.optional(), session: rowId.optional() })
      .refine(({ policy, session: of }) => (policy === undefined) !== (of === undefined), { message: 'Either a policy or a session' }),
    responses: { 201: { description: 'The profile', body: sessionProfile }, 404: failure('No such session'), 409: taken },
  },
  changeSessionProfile: {
    method: 'PATCH',
    path: '/v1/session-profiles/:id',
    tag: 'Window',
    summary: 'Rename a profile or change its policy; sessions made from it stay as they are',
    access: 'key',
    right: 'relay:manage',
    params: profile,
    body: z.object({ name: label.optional(), policy: sessionPolicy.optional() }),
    responses: { 200: { description: 'The profile', body: sessionProfile }, 404: failure('No such profile'), 409: taken },
  },
  removeSessionProfile: {
    method: 'DELETE',
    path: '/v1/session-profiles/:id',
    tag: 'Window',
    summary: 'Remove a profile; sessions made from it stay as they are',
    access: 'key',
    right: 'relay:manage',
    params: profile,
    responses: { 204: { description: 'Removed' }, 404: failure('No such profile') },
  },
  exportSessionProfile: {
    method: 'GET',
    path: '/v1/session-profiles/:id/export',
    tag: 'Window',
    summary: 'A profile as a file for another Wheelhouse: servers by name, no secrets',
    access: 'key',
    right: 'relay:use',
    params: profile,
    responses: { 200: { description: 'The file', body: profileFile }, 404: failure('No such profile') },
  },
  importSessionProfile: {
    method: 'POST',
    path: '/v1/session-profiles/import',
    tag: 'Window',
    summary: 'Make a profile of a file',
    description:
      'Servers and groups are found by name; groups that are not here are made. What has no match is left out, never opened, and said in `unmatched`.',
    access: 'key',
    right: 'relay:manage',
    body: z.object({ file: profileFile, name: label.optional() }),
    responses: {
      201: {
        description: 'The profile, and what of the file is not here',
        body: z.object({ profile: sessionProfile, unmatched: z.array(z.string()) }),
      },
      409: taken,
    },
  },
  exportRelaySession: {
    method: 'GET',
    path: '/v1/relay-sessions/:id/export',
    tag: 'Window',
    summary: 'What a session may reach, as a file like that of a profile',
    access: 'key',
    right: 'relay:use',
    params: session,
    responses: { 200: { description: 'The file', body: profileFile }, 404: failure('No such session') },
  },
  cloneRelaySession: {
    method: 'POST',
    path: '/v1/relay-sessions/:id/clone',
    tag: 'Window',
    summary: 'Make another session that reaches the same under the same names; its secret is in this answer and nowhere else',
    access: 'key',
    right: 'relay:use',
    params: session,
    body: z.object({ accountId: accountId.optional(), name: label.optional(), expiresIn: expiresIn.optional() }).prefault({}),
    responses: {
      201: {
        description: 'The session with its secret',
        body: z.object({ session: relaySession, sessionId: secretId, sessionUrl: z.string(), bearerUrl: z.string() }),
      },
      404: failure('No such session or account'),
    },
  },
} as const satisfies Record<string, RouteDefinition>
