/** The version of WhatsApp's program that is spoken here. */
import { z } from 'zod'
import type { RouteDefinition } from '../../../http/contract.ts'
import { failure } from '../parts.ts'

const version = z.string().regex(/^\d{1,4}\.\d{1,6}\.\d{1,12}$/)

export const versionView = z.object({
  /** In force from the next connection of a bot on. */
  version: z.string(),
  /** The library's own, which is taken while none is set. */
  own: z.string(),
  isSet: z.boolean(),
})
export type VersionView = z.output<typeof versionView>

const shown = { description: 'What is spoken', body: versionView }

export const versionRoutes = {
  whatsappVersion: {
    method: 'GET',
    path: '/v1/whatsapp-version',
    tag: 'Bots',
    summary: 'The version of WhatsApp’s program that is spoken',
    access: 'key',
    right: 'bots:use',
    responses: { 200: shown },
  },
  setWhatsappVersion: {
    method: 'POST',
    path: '/v1/whatsapp-version',
    tag: 'Bots',
    summary: 'Speak another version, e.g. the newest',
    description:
      'For when WhatsApp does not let bots in with the one that is spoken (405). `newest` asks WhatsApp’s own page, `own` takes the library’s again. Bots that were not let in for their version are started again.',
    access: 'key',
    right: 'bots:manage',
    body: z.object({ version: z.union([z.enum(['newest', 'own']), version]) }),
    responses: {
      200: {
        description: 'What is spoken now, and which bots were started again',
        body: versionView.extend({ started: z.array(z.string()) }),
      },
      409: failure('It is fixed by a flag or variable'),
      502: failure('The newest version could not be had; nothing was changed'),
    },
  },
} as const satisfies Record<string, RouteDefinition>
