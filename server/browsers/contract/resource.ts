/** Changing a session that lives. */
import { z } from 'zod'
import type { FaultDefinition, RouteDefinition } from '../../http/contract.ts'
import { failure, sessionId } from './parts.ts'
import { browserSession } from './resources.ts'
import { setupChange } from './setup.ts'

export const resourceRoutes = {
  changeBrowserSession: {
    method: 'PATCH',
    path: '/v1/browser-sessions/:id',
    tag: 'Sessions',
    summary: 'Change what of a session can change while it lives',
    description:
      'Fields that are left out stay; null takes a choice back. What is decided with the start of the browser is refused in words.',
    access: 'key',
    right: 'browsers:use',
    params: z.object({ id: sessionId }),
    body: setupChange,
    responses: {
      200: { description: 'It holds on all pages', body: z.object({ session: browserSession }) },
      400: failure('A field is unknown, cannot change, or is not what it should be; the proxy cannot be used'),
      404: failure('No such session'),
    },
  },
} as const satisfies Record<string, RouteDefinition>

export const resourceFaults = {
  'proxy-failed': { status: 400, remedy: 'Check the address, the user name and the password of the proxy.' },
  'extension-unknown': {
    status: 400,
    remedy: 'Put the unpacked extension into a folder of that name in `browsers/extensions` of the data directory.',
  },
  'no-display': { status: 400, remedy: 'Leave `headless` out, or run Wheelhouse where there is a screen.' },
  'setup-fixed': { status: 409, remedy: 'Close the session and open a new one, or leave these fields out.' },
} as const satisfies Record<string, FaultDefinition>
