/** Signing a browser in, with a code, a link or a key. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../http/contract.ts'
import { keyRight, keyScope } from './key-scopes.ts'
import { failure } from './parts.ts'

export const signInRoutes = {
  whoAmI: {
    method: 'GET',
    path: '/control/v1/session',
    tag: 'Sign-in',
    summary: 'Who is signed in',
    access: 'key',
    right: 'any-key',
    responses: {
      200: {
        description: 'The caller',
        body: z.object({ actor: z.string(), scopes: z.array(keyScope).nullable(), rights: z.array(keyRight).nullable() }),
      },
      401: failure('Nobody'),
    },
  },
  signIn: {
    method: 'POST',
    path: '/control/v1/session',
    tag: 'Sign-in',
    summary: 'Sign a browser in with a one-time code or a key; sets a strict same-site cookie',
    access: 'public',
    right: 'anyone',
    body: z.union([z.object({ code: z.string().min(1).max(200) }), z.object({ key: z.string().min(1).max(200) })]),
    responses: {
      200: { description: 'Signed in', body: z.object({ actor: z.string() }) },
      401: failure('The code was used or is over, or the key is not known'),
    },
  },
  signOut: {
    method: 'DELETE',
    path: '/control/v1/session',
    tag: 'Sign-in',
    summary: 'Sign this browser out',
    access: 'key',
    right: 'any-key',
    responses: { 204: { description: 'Signed out' } },
  },
  createSignInLink: {
    method: 'POST',
    path: '/control/v1/sign-in-links',
    tag: 'Sign-in',
    summary: 'A link that signs one browser in once',
    access: 'key',
    right: 'control:manage',
    responses: { 201: { description: 'The link', body: z.object({ url: z.string(), expiresAt: isoTime }) } },
  },
} as const satisfies Record<string, RouteDefinition>
