/** Answers for changing a session that lives. */
import type { Handlers } from '../../http/api.ts'
import type { resourceRoutes } from '../contract/resource.ts'
import { presentSession } from '../session/presentation.ts'
import type { ApiParts } from './parts.ts'

export function createResourceHandlers({ service }: ApiParts): Handlers<typeof resourceRoutes> {
  return {
    changeBrowserSession: async ({ params, body }, call) => ({
      status: 200,
      body: { session: presentSession(await service.change(params.id, body), service.idleTimeout, call.origin) },
    }),
  }
}

/** Whether it has all of these tags, each `name` or `name:value`. */
export function hasTags(tags: Readonly<Record<string, string>>, asked: readonly string[]): boolean {
  return asked.every((tag) => {
    const [name = '', ...value] = tag.split(':')
    return Object.hasOwn(tags, name) && (value.length === 0 || tags[name] === value.join(':'))
  })
}
