/** The machine: its key store, shell, clipboard, dialogs and screens. */
import { existsSync } from 'node:fs'
import type Electron from 'electron'

export class FakeSafeStorage implements Pick<
  Electron.SafeStorage,
  'isAsyncEncryptionAvailable' | 'encryptStringAsync' | 'decryptStringAsync' | 'getSelectedStorageBackend'
> {
  available = true
  backend: ReturnType<Electron.SafeStorage['getSelectedStorageBackend']> = 'gnome_libsecret'

  isAsyncEncryptionAvailable(): Promise<boolean> {
    return Promise.resolve(this.available)
  }
  encryptStringAsync(text: string): Promise<Buffer> {
    return Promise.resolve(Buffer.from(`sealed:${text}`))
  }
  decryptStringAsync(sealed: Buffer): Promise<Electron.DecryptStringAsyncReturnValue> {
    const text = sealed.toString()
    if (!text.startsWith('sealed:')) return Promise.reject(new Error('Not sealed here'))
    return Promise.resolve({ shouldReEncrypt: false, result: text.slice('sealed:'.length) })
  }
  getSelectedStorageBackend(): ReturnType<Electron.SafeStorage['getSelectedStorageBackend']> {
    return this.backend
  }
}

export class FakeShell implements Pick<Electron.Shell, 'openExternal' | 'openPath'> {
  readonly opened: string[] = []

  openExternal(url: string): Promise<void> {
    this.opened.push(url)
    return Promise.resolve()
  }
  openPath(path: string): Promise<string> {
    if (!existsSync(path)) return Promise.resolve('There is no such folder')
    this.opened.push(path)
    return Promise.resolve('')
  }
}

export class FakeClipboard implements Pick<Electron.Clipboard, 'writeText'> {
  text = ''

  writeText(text: string): Promise<void> {
    this.text = text
    return Promise.resolve()
  }
}

export class FakeDialog implements Pick<Electron.Dialog, 'showErrorBox'> {
  readonly errors: { title: string; text: string }[] = []

  showErrorBox(title: string, text: string): void {
    this.errors.push({ title, text })
  }
}

export class FakeScreen {
  workAreas: Electron.Rectangle[] = [{ x: 0, y: 0, width: 1920, height: 1040 }]

  getPrimaryDisplay(): { workArea: Electron.Rectangle } {
    return this.getAllDisplays()[0] ?? { workArea: { x: 0, y: 0, width: 0, height: 0 } }
  }
  getAllDisplays(): { workArea: Electron.Rectangle }[] {
    return this.workAreas.map((workArea) => ({ workArea }))
  }
}
