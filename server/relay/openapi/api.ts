/** Answers what the window asks about HTTP APIs as servers. */
import { actorOf, type Handlers } from '../../http/api.ts'
import type { openapiRoutes } from '../contract/openapi.ts'
import type { ApiAdmin } from './admin.ts'

export function openapiHandlers(admin: ApiAdmin): Handlers<typeof openapiRoutes> {
  return {
    previewApi: async ({ body }) => ({ status: 200, body: await admin.preview(body) }),
    addApi: async ({ body }, { caller }) => ({ status: 201, body: await admin.add(body, actorOf(caller)) }),
    api: ({ params }) => ({ status: 200, body: admin.find(params.id) }),
    changeApi: async ({ params, body }, { caller }) => ({ status: 200, body: await admin.change(params.id, body, actorOf(caller)) }),
  }
}
