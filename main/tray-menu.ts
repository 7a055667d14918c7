/** What the tray shows, as plain functions of the server's summary. */
import type { MenuItemConstructorOptions } from 'electron'
import type { ApiName } from '../server/http/contract.ts'
import { say } from '../words/words.ts'
import type { Summary } from './server-host.ts'
import { words } from './words.ts'

export type TrayState = 'fine' | 'attention' | 'stopped'

export interface TrayActions {
  openWindow(path?: string): void
  setApi(name: ApiName, on: boolean): void
  copy(text: string): void
  quit(): void
}

const { tray, needYou } = words.desktop

/** `stopped` while there is no server, or no API of it listens. */
export function trayState(summary: Summary | undefined): TrayState {
  if (summary === undefined || !summary.apis.some(({ state }) => state === 'listening')) return 'stopped'
  return summary.attention > 0 || summary.apis.some(({ exposed }) => exposed) ? 'attention' : 'fine'
}

/** One line under the pointer. */
export function trayToolTip(summary: Summary | undefined): string {
  if (summary === undefined) return tray.starting
  return say(tray.summary, { rooms: summary.rooms.filter(({ count }) => count > 0), needYou: summary.attention })
}

export function trayTemplate(summary: Summary | undefined, actions: TrayActions): MenuItemConstructorOptions[] {
  const separator: MenuItemConstructorOptions = { type: 'separator' }
  return [
    { label: tray.open, click: () => actions.openWindow() },
    ...(summary === undefined
      ? []
      : [...attentionLines(summary, actions), separator, ...roomLines(summary, actions), separator, ...apiLines(summary, actions)]),
    separator,
    { label: tray.quit, click: () => actions.quit() },
  ]
}

function attentionLines({ attention }: Summary, actions: TrayActions): MenuItemConstructorOptions[] {
  return attention === 0 ? [] : [{ label: say(needYou, { count: attention }), click: () => actions.openWindow('/') }]
}

function roomLines({ rooms }: Summary, actions: TrayActions): MenuItemConstructorOptions[] {
  return rooms.map(({ room, text }) => ({ label: `${words.apis[room].title}: ${text}`, click: () => actions.openWindow(`/${room}`) }))
}

function apiLines({ apis }: Summary, actions: TrayActions): MenuItemConstructorOptions[] {
  return apis.map(({ name, state, url, lanUrl, exposed }) => ({
    label: say(tray.api, { api: name, state, exposed }),
    submenu: [
      // Without the control API there would be neither window nor tray to start it again from.
      ...(name === 'control' ? [] : [startOrStop(name, state, actions)]),
      { label: tray.copyAddress, click: () => actions.copy(url) },
      { label: tray.copyLanAddress, enabled: lanUrl !== null, click: () => actions.copy(lanUrl ?? '') },
    ],
  }))
}

function startOrStop(name: ApiName, state: string, actions: TrayActions): MenuItemConstructorOptions {
  const runs = state === 'listening' || state === 'starting'
  return { label: say(runs ? tray.stop : tray.start, { api: name }), click: () => actions.setApi(name, !runs) }
}
