/** How settings files of older versions become the present one. One entry per version; a released one never changes. */
import { isPlainObject, setAt } from './paths.ts'

export interface SettingsMigration {
  /** The version it starts from; it leads to the next. */
  from: number
  /** Gets the settings as they stood in the file and returns them in the next layout. What it does not know it leaves in place. */
  migrate(settings: Readonly<Record<string, unknown>>): Record<string, unknown>
}

/** Moved from a name at the top level to a dotted path. */
const movedInVersion1: Readonly<Record<string, string>> = {
  controlPort: 'apis.control.port',
  brokersPort: 'apis.brokers.port',
  browsersPort: 'apis.browsers.port',
  botsPort: 'apis.bots.port',
  loginsPort: 'apis.logins.port',
  relayPort: 'apis.relay.port',
  chromium: 'browsers.executable',
  headless: 'browsers.headless',
  startAtLogin: 'desktop.startAtLogin',
  auditDays: 'audit.keepFor',
}

export const settingsMigrations: readonly SettingsMigration[] = [
  {
    // Version 0 was flat: ports as numbers or `false` for none, minutes instead of seconds, `lan` a list of the APIs open to the network.
    from: 0,
    migrate(old) {
      const settings: Record<string, unknown> = {}
      for (const [name, value] of Object.entries(old)) {
        const path = Object.hasOwn(movedInVersion1, name) ? movedInVersion1[name] : undefined
        if (path !== undefined) setAt(settings, path.split('.'), name.endsWith('Port') && value === false ? 'off' : value)
        else if (name === 'idleMinutes')
          setAt(settings, ['browsers', 'idleTimeout'], typeof value === 'number' ? Math.round(value * 60) : value)
        else if (name === 'lan' && Array.isArray(value)) openToLan(settings, value)
        else if (name === 'dark' && typeof value === 'boolean') settings['theme'] = value ? 'dark' : 'light'
        else setAt(settings, [name], value)
      }
      return settings
    },
  },
]

/** What is no name stays where it stood, and is told as what no setting takes up. */
function openToLan(settings: Record<string, unknown>, listed: readonly unknown[]): void {
  for (const api of listed) if (typeof api === 'string') setAt(settings, ['apis', api, 'openTo'], 'lan')
  const others = listed.filter((api) => typeof api !== 'string')
  if (others.length > 0) setAt(settings, ['lan'], others)
}

/** Runs the migrations that lead from `version` to the present; the value itself when there are none or it is no object. */
export function migrateSettings(value: unknown, version: number, migrations: readonly SettingsMigration[] = settingsMigrations): unknown {
  const missing = migrations.filter(({ from }) => from >= version)
  return missing.reduce((settings, { migrate }) => (isPlainObject(settings) ? migrate(settings) : settings), value)
}
