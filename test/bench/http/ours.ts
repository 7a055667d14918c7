/** The same JSON, read and answered by a route of a contract: listener, guards, keeper, Koa, validation, headers, counting. */
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { systemClock } from '../../../server/clock.ts'
import { defaultSettings } from '../../../server/config/settings.ts'
import { ApiHost } from '../../../server/http/api-host.ts'
import { implement } from '../../../server/http/api.ts'
import { defineContract, type ApiName } from '../../../server/http/contract.ts'
import { Guards } from '../../../server/http/guards.ts'
import { LazyApi } from '../../../server/http/lazy-api.ts'
import { Keeper } from '../../../server/keeper.ts'
import { createLog } from '../../../server/log.ts'
import type { Room } from '../../../server/room.ts'
import { tellCpu } from './cpu.ts'

const message = z.object({ text: z.string().max(1_000), count: z.number(), tags: z.array(z.string()) })

/** As many routes as a room has, so that finding one is as dear. */
function apiOf(name: ApiName) {
  const route = {
    method: 'POST',
    summary: '',
    access: 'local',
    right: 'logins:use',
    responses: { 200: { description: '', body: message } },
  } as const
  const others = Object.fromEntries(
    Array.from({ length: 40 }, (_, index) => [
      `other${index}`,
      { ...route, path: `/api/v1/others/${index}/:id/parts`, params: z.object({ id: z.string() }) },
    ]),
  )
  const contract = defineContract({
    api: name,
    title: '',
    version: '1.0.0',
    description: '',
    routes: {
      ...others,
      echo: { ...route, path: '/api/v1/echo', body: message },
      echoTo: { ...route, path: '/api/v1/echo/:id', params: z.object({ id: z.string().max(100) }), body: message },
    },
    faults: {},
    errorSchema: z.unknown(),
    errorBody: ({ message: text }) => ({ text }),
  })
  const echo = ({ body }: { body: z.infer<typeof message> }) => ({ status: 200, body }) as const
  return implement(contract, { ...Object.fromEntries(Object.keys(others).map((other) => [other, echo])), echo, echoTo: echo } as never)
}

const log = createLog('warn')
const keeper = new Keeper({
  clock: systemClock,
  log,
  // Nothing is written here.
  disk: { refused: () => undefined, attention: () => [] } as never,
  setSettingsAside: () => false,
  changed: () => undefined,
})
const [control, logins] = [apiOf('control'), apiOf('logins')]
// The part of a room that an API needs.
await keeper.raise(
  'logins',
  () => ({ name: 'logins', api: new LazyApi(() => Promise.resolve(logins)) }) as unknown as Room,
  () => Promise.reject(new Error('not made')),
)
const apis = Object.fromEntries(Object.entries(defaultSettings.apis).map(([name, api]) => [name, { ...api, port: 0 }]))
const host = new ApiHost({
  apis: [
    { name: 'control', api: new LazyApi(() => Promise.resolve(control)) },
    { name: 'logins', api: new LazyApi(() => Promise.resolve(logins)) },
  ],
  guards: new Guards({ authority: { byKey: () => null, byCookie: () => null }, ownOrigins: () => [] }),
  host: '127.0.0.1',
  settings: () => ({ ...defaultSettings, apis: apis as typeof defaultSettings.apis }),
  windowFiles: null,
  log,
  shelter: keeper.shelter,
  checkReplies: false,
  newRequestId: randomUUID,
  monotonic: systemClock.monotonic,
  opened: () => () => undefined,
  onChange: () => undefined,
})
await host.start()
tellCpu(Number(new URL(host.url('logins')).port), Number(new URL(host.url('control')).port))
