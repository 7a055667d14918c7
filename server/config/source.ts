/** Where a service reads the settings in force. */
import type { Settings } from './settings.ts'

export interface SettingsSource {
  current(): Settings
  /** Called after a change, with the settings before it. Returns what ends the subscription. */
  onChange(listener: (now: Settings, before: Settings) => void): () => void
}
