/** Applies the desktop's settings when they change, and brings tray and notifications in line with the summary. */
import type { Settings } from '../server/config/settings.ts'
import type { Autostart } from './autostart.ts'

export interface FollowParts {
  settings(): Settings
  saveAutostart(enabled: boolean): Promise<unknown>
  autostart: Autostart
  setTheme(theme: Settings['theme']): void
  tray: { setVisible(visible: boolean): void; refresh(): void }
  /** Called after settings and tray. */
  attention(): void
}

/** The first call adopts what the system says of the login item; returns what is to be called after every change. */
export function followSettings({ settings, saveAutostart, autostart, setTheme, tray, attention }: FollowParts): () => void {
  let seen: Settings | undefined
  return () => {
    const now = settings()
    const before = seen
    // Before anything is applied, because applying may itself change a setting and so call this again.
    seen = now
    if (before?.theme !== now.theme) setTheme(now.theme)
    if (before === undefined) adopt(now)
    else if (before.desktop.startAtLogin !== now.desktop.startAtLogin) autostart.set(now.desktop.startAtLogin)
    tray.setVisible(now.desktop.showTray)
    tray.refresh()
    attention()
  }

  /** Someone who removed it in the system's own list meant it, so at the start the system wins and the setting follows. */
  function adopt({ desktop }: Settings): void {
    const { available, enabled } = autostart.get()
    // A setting that a flag holds cannot follow; then it just differs.
    if (available && enabled !== desktop.startAtLogin) saveAutostart(enabled).catch(() => undefined)
  }
}
