/** The APIs as the window shows them, and the changes it may make to one of them. */
import type { SettingsStore } from '../config/settings-store.ts'
import { ControlFault } from './fault.ts'
import type { ApiHost } from '../http/api-host.ts'
import type { ApiName } from '../http/contract.ts'
import type { EventSink } from '../events/event.ts'
import { houseEventsOf } from '../house-events.ts'
import type { ApiView } from './contract/index.ts'

export interface ApiAdmin {
  list(): Promise<ApiView[]>
  view(name: ApiName): Promise<ApiView>
  start(name: ApiName, actor: string): Promise<ApiView>
  stop(name: ApiName, actor: string): Promise<ApiView>
  change(name: ApiName, change: ApiChange, actor: string): Promise<ApiView>
}

export interface ApiChange {
  port?: number | 'off' | undefined
  openTo?: 'machine' | 'lan' | undefined
  insecureNoKey?: boolean | undefined
}

/** What the keeper knows of the room behind an API. */
export type KeptView = Pick<ApiView, 'standing' | 'contained'>

export function createApiAdmin(host: ApiHost, settings: SettingsStore, events: EventSink, kept: (name: ApiName) => KeptView): ApiAdmin {
  const view = (name: ApiName): Promise<ApiView> => viewOf(host, settings, name, kept(name))
  return {
    view,
    list: () => Promise.all(host.names().map(view)),
    async start(name, actor) {
      if (settings.current().apis[name].port === 'off')
        throw new ControlFault('port-in-use', `The ${name} API has no port of its own: give it one first`)
      await host.startApi(name)
      const { status } = host.served(name)
      if (status.state === 'listening')
        houseEventsOf(events, name).emit({ type: 'api-started', subject: name, actor, data: { port: status.port } })
      return view(name)
    },
    async stop(name, actor) {
      await host.stopApi(name)
      houseEventsOf(events, name).emit({ type: 'api-stopped', subject: name, actor })
      return view(name)
    },
    async change(name, change, actor) {
      // JSON leaves undefined out, so that only what was given is changed.
      await changeApis(host, settings, { apis: { [name]: JSON.parse(JSON.stringify(change)) } })
      const { port, openTo, insecureNoKey: insecure } = settings.current().apis[name]
      houseEventsOf(events, name).emit({ type: 'api-changed', subject: name, actor, data: { port, openTo, insecure } })
      return view(name)
    },
  }
}

/**
 * Changes settings, and moves the listeners they concern: when a new address does not work, all settings of the patch are what they were
 * before and nothing has moved.
 */
export async function changeApis(host: ApiHost, settings: SettingsStore, patch: object): Promise<void> {
  const before = settings.current().apis
  const takeBack = settings.changeOnTrial(patch)
  const now = settings.current().apis
  const moved = host.names().filter((name) => before[name].port !== now[name].port || before[name].openTo !== now[name].openTo)
  const done: ApiName[] = []
  try {
    for (const name of moved) {
      await host.follow(name)
      done.push(name)
    }
  } catch (error) {
    takeBack()
    for (const name of done) await host.follow(name)
    throw error
  }
}

async function viewOf(host: ApiHost, settings: SettingsStore, name: ApiName, kept: KeptView): Promise<ApiView> {
  const { api, status, traffic, exposed } = host.served(name)
  const { port, openTo, insecureNoKey } = settings.current().apis[name]
  const { contract } = await api.load()
  const routes = Object.values(contract.routes)
  const taken = status.state === 'port-in-use'
  return {
    name,
    title: contract.title,
    state: status.state,
    url: host.url(name),
    prefixUrl: host.prefixUrl(name),
    port: 'port' in status ? status.port : null,
    configuredPort: port,
    error: 'error' in status ? status.error : null,
    freePort: taken ? await host.freePort(typeof port === 'number' ? port : status.port) : null,
    openTo,
    insecureNoKey,
    exposed: exposed && insecureNoKey,
    lanUrls: host.lanUrls(name),
    fixedBy: settings.fixedPaths()[`apis.${name}.port`] ?? null,
    ...kept,
    publicRoutes: routes.filter((route) => route.access === 'public').map(({ method, path }) => ({ method, path })),
    keyedRoutes: routes.filter((route) => route.access !== 'public').length,
    traffic: traffic.view(),
  }
}
