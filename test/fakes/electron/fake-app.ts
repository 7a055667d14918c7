/** The app's life, its login item and its paths. */
import { EventEmitter } from 'node:events'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type Electron from 'electron'
import { FakeEvent } from './fake-event.ts'
import type { FakeBrowserWindow } from './fake-window.ts'

type AppPick = Pick<
  Electron.App,
  | 'quit'
  | 'exit'
  | 'isPackaged'
  | 'getVersion'
  | 'getPath'
  | 'setPath'
  | 'whenReady'
  | 'requestSingleInstanceLock'
  | 'enableSandbox'
  | 'setAppUserModelId'
  | 'getLoginItemSettings'
  | 'setLoginItemSettings'
>

export class FakeApp extends EventEmitter implements AppPick {
  readonly isPackaged: boolean = false
  sandboxed = false
  /** Whether another instance holds the lock already. */
  lockTaken = false
  exitCode: number | undefined
  loginItem: Electron.Settings = { openAtLogin: false }
  readonly paths = new Map<string, string>()
  readonly switches = new Map<string, string>()
  readonly commandLine = { appendSwitch: (name: string, value = ''): void => void this.switches.set(name, value) }
  readonly windows: FakeBrowserWindow[] = []
  /** Ends the process when set, as the real one does. */
  exitProcess: ((code: number) => void) | undefined

  getVersion(): string {
    return '0.1.0'
  }
  getPath(name: string): string {
    return this.paths.get(name) ?? join(tmpdir(), `wheelhouse-fake-${name}`)
  }
  setPath(name: string, path: string): void {
    if (!existsSync(path)) throw new Error(`Failed to set path: ${path} does not exist`)
    this.paths.set(name, path)
  }
  whenReady(): Promise<void> {
    return Promise.resolve()
  }
  requestSingleInstanceLock(): boolean {
    return !this.lockTaken
  }
  enableSandbox(): void {
    this.sandboxed = true
  }
  setAppUserModelId(): void {}
  setLoginItemSettings(settings: Electron.Settings): void {
    this.loginItem = settings
  }
  getLoginItemSettings(): Electron.LoginItemSettings {
    return {
      openAtLogin: this.loginItem.openAtLogin ?? false,
      wasOpenedAtLogin: false,
      status: 'enabled',
      executableWillLaunchAtLogin: false,
      launchItems: [],
    }
  }

  /** `before-quit`, each window's `close`, `will-quit`, then exit; whoever prevents a step ends it there. */
  quit(): void {
    const before = new FakeEvent()
    this.emit('before-quit', before)
    if (before.defaultPrevented) return
    for (const window of [...this.windows]) {
      if (!window.requestClose()) return
    }
    const will = new FakeEvent()
    this.emit('will-quit', will)
    if (!will.defaultPrevented) this.exit(0)
  }
  exit(code = 0): void {
    if (this.exitCode !== undefined) return
    this.exitCode = code
    for (const window of [...this.windows]) window.destroy()
    this.emit('fake-exit', code)
    this.exitProcess?.(code)
  }
  /** Resolves with the exit code. */
  exited(): Promise<number> {
    return this.exitCode === undefined ? new Promise((resolve) => this.once('fake-exit', resolve)) : Promise.resolve(this.exitCode)
  }
}
