/** What the tray shows, as plain functions of the server's summary. */
import type { MenuItemConstructorOptions } from 'electron'
import type { ApiName } from '../server/http/contract.ts'
import type { Summary } from './server-host.ts'

export type TrayState = 'fine' | 'attention' | 'stopped'

export interface TrayActions {
  openWindow(path?: string): void
  setApi(name: ApiName, on: boolean): void
  copy(text: string): void
  quit(): void
}

const titles: Readonly<Record<ApiName, string>> = {
  control: 'Control',
  brokers: 'Brokers',
  browsers: 'Browsers',
  bots: 'Bots',
  logins: 'Logins',
  relay: 'Relay',
}
const stateWords: Readonly<Record<string, string>> = {
  listening: 'listening',
  'port-in-use': 'port in use',
  off: 'off',
  starting: 'starting',
  failed: 'failed',
}

/** `stopped` while there is no server, or no API of it listens. */
export function trayState(summary: Summary | undefined): TrayState {
  if (summary === undefined || !summary.apis.some(({ state }) => state === 'listening')) return 'stopped'
  return summary.attention > 0 || summary.apis.some(({ exposed }) => exposed) ? 'attention' : 'fine'
}

/** One line under the pointer. */
export function trayToolTip(summary: Summary | undefined): string {
  if (summary === undefined) return 'Wheelhouse: starting'
  const busy = summary.rooms.filter(({ count }) => count > 0).map(({ room, count }) => `${titles[room]} ${count}`)
  const parts = [...busy, ...(summary.attention > 0 ? [needsYou(summary.attention)] : [])]
  return `Wheelhouse: ${parts.length > 0 ? parts.join(', ') : 'nothing runs'}`
}

export function trayTemplate(summary: Summary | undefined, actions: TrayActions): MenuItemConstructorOptions[] {
  const separator: MenuItemConstructorOptions = { type: 'separator' }
  return [
    { label: 'Open Wheelhouse', click: () => actions.openWindow() },
    ...(summary === undefined
      ? []
      : [...attentionLines(summary, actions), separator, ...roomLines(summary, actions), separator, ...apiLines(summary, actions)]),
    separator,
    { label: 'Quit', click: () => actions.quit() },
  ]
}

function attentionLines({ attention }: Summary, actions: TrayActions): MenuItemConstructorOptions[] {
  return attention === 0 ? [] : [{ label: upperFirst(needsYou(attention)), click: () => actions.openWindow('/') }]
}

function roomLines({ rooms }: Summary, actions: TrayActions): MenuItemConstructorOptions[] {
  return rooms.map(({ room, text }) => ({ label: `${titles[room]}: ${text}`, click: () => actions.openWindow(`/${room}`) }))
}

function apiLines({ apis }: Summary, actions: TrayActions): MenuItemConstructorOptions[] {
  return apis.map(({ name, state, url, lanUrl, exposed }) => ({
    label: `${titles[name]} API: ${stateWords[state] ?? state}${exposed ? ', open to all' : ''}`,
    submenu: [
      // Without the control API there would be neither window nor tray to start it again from.
      ...(name === 'control' ? [] : [startOrStop(name, state, actions)]),
      { label: 'Copy address', click: () => actions.copy(url) },
      { label: 'Copy LAN address', enabled: lanUrl !== null, click: () => actions.copy(lanUrl ?? '') },
    ],
  }))
}

function startOrStop(name: ApiName, state: string, actions: TrayActions): MenuItemConstructorOptions {
  const runs = state === 'listening' || state === 'starting'
  return { label: `${runs ? 'Stop' : 'Start'} the ${titles[name]} API`, click: () => actions.setApi(name, !runs) }
}

const needsYou = (count: number) => (count === 1 ? '1 thing needs you' : `${count} things need you`)
const upperFirst = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)
