/** A server as the desktop shell sees it, with facts that a test sets; no port is opened. */
import { defaultSettings, settingsSchema, type Settings } from '../../server/config/settings.ts'
import { merge } from '../../server/config/paths.ts'
import type { ServerStatus, ServerSummary } from '../../server/server-status.ts'
import type { HostedServer } from '../../main/server-host.ts'

export class FakeHostedServer implements HostedServer {
  state: 'made' | 'running' | 'stopped' = 'made'
  url = 'http://127.0.0.1:7700'
  attentionCount = 0
  readonly apis: ServerSummary['apis'] = [
    { name: 'control', state: 'listening', url: 'http://127.0.0.1:7700', lanUrl: null, exposed: false },
    { name: 'browsers', state: 'listening', url: 'http://127.0.0.1:5010', lanUrl: 'http://192.0.2.7:5010', exposed: false },
  ]
  browsers = 0
  /** The start or stop waits for it. */
  startGate: Promise<void> = Promise.resolve()
  stopGate: Promise<void> = Promise.resolve()
  #settings: Settings = defaultSettings
  readonly #listeners = new Set<() => void>()

  async start(): Promise<ServerStatus> {
    await this.startGate
    this.state = 'running'
    return this.status()
  }
  async stop(): Promise<void> {
    await this.stopGate
    this.state = 'stopped'
  }
  status(): ServerStatus {
    return {
      version: '0.1.0',
      pid: 1,
      control: { url: this.url, token: 'owner-token' },
      apis: { browsers: { url: 'http://127.0.0.1:5010', state: 'listening' } },
    }
  }
  summary(): ServerSummary {
    return {
      attention: this.attentionCount,
      attentionIds: Array.from({ length: this.attentionCount }, (_, index) => `item-${index}`),
      rooms: [{ room: 'browsers', count: this.browsers, unit: 'of 10', text: `${this.browsers} of 10` }],
      apis: this.apis,
    }
  }
  settings(): Settings {
    return this.#settings
  }
  async changeSettings(patch: object): Promise<Settings> {
    this.#settings = settingsSchema.parse(merge(this.#settings, patch))
    this.changed()
    return this.#settings
  }
  async startApi(name: string): Promise<void> {
    this.#setState(name, 'listening')
  }
  async stopApi(name: string): Promise<void> {
    this.#setState(name, 'off')
  }
  /** How often it was told that the machine woke. */
  wakings = 0
  resumed(): void {
    this.wakings += 1
  }
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }
  /** Tells whoever listens. */
  changed(): void {
    for (const listener of this.#listeners) listener()
  }

  #setState(name: string, state: ServerSummary['apis'][number]['state']): void {
    const api = this.apis.find((candidate) => candidate.name === name)
    if (api !== undefined) api.state = state
    this.changed()
  }
}
