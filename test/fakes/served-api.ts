/** Serves one API through the real guards, app and listener on a free loopback port. */
import { randomUUID } from 'node:crypto'
import type { Api } from '../../server/http/api.ts'
import { openAir, type Shelter } from '../../server/http/shelter.ts'
import { createApp, type AppOptions } from '../../server/http/app.ts'
import { Guards, type Authority, type Exposure } from '../../server/http/guards.ts'
import { KeySockets } from '../../server/http/key-sockets.ts'
import { Listener } from '../../server/http/listener.ts'
import { createUpgradeHandler } from '../../server/http/sockets.ts'
import { createAddressSet } from '../../server/http/network.ts'
import { Traffic } from '../../server/http/traffic.ts'
import { createLog } from '../../server/log.ts'
import { fakeExposure } from './exposure.ts'

export interface ServedApi {
  url: string
  port: number
  traffic: Traffic
  keySockets: KeySockets
  stop(): Promise<void>
}

export const noAuthority: Authority = { byKey: () => null, byCookie: () => null }

export async function serveApi(
  api: Api,
  {
    authority = noAuthority,
    exposure = fakeExposure(),
    ownOrigins = [] as readonly string[],
    trustedProxies = [] as readonly string[],
    shelter = openAir,
  }: {
    authority?: Authority
    exposure?: Exposure
    ownOrigins?: readonly string[]
    trustedProxies?: readonly string[]
    shelter?: Shelter
  } = {},
): Promise<ServedApi> {
  const traffic = new Traffic(() => performance.now())
  const keySockets = new KeySockets()
  const options: AppOptions = {
    guards: new Guards({ authority, ownOrigins: () => ownOrigins, isTrustedProxy: createAddressSet(() => trustedProxies) }),
    traffic,
    keySockets,
    shelter,
    log: createLog('silent'),
    checkReplies: true,
    newRequestId: () => randomUUID(),
  }
  const request = createApp(api, exposure, options)
  const listener = new Listener({
    request: (incoming, response) => void request(incoming, response),
    upgrade: createUpgradeHandler(api, exposure, options),
  })
  const status = await listener.start('127.0.0.1', 0)
  if (status.state !== 'listening') throw new Error(`not listening: ${status.state}`)
  return { url: `http://127.0.0.1:${status.port}`, port: status.port, traffic, keySockets, stop: () => listener.stop(0) }
}
