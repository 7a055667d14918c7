/** The bridge between window and desktop: `window.wheelhouse`, built from the schema. Runs sandboxed, so it imports Electron alone. */
import { contextBridge, ipcRenderer } from 'electron'
import { channelOf, schema, type Reply } from './schema.ts'

/** Becomes a `Bridge`, whose type derives from the same schema. */
const bridge: Record<string, unknown> = {}
for (const [name, { kind }] of Object.entries(schema)) {
  // Object.entries forgets that the keys are the schema's.
  const channel = channelOf(name as keyof typeof schema)
  if (kind === 'call') bridge[name] = (argument: unknown) => ask(channel, argument)
  else bridge[`on${name.charAt(0).toUpperCase()}${name.slice(1)}`] = (listener: (payload: unknown) => void) => listen(channel, listener)
}
contextBridge.exposeInMainWorld('wheelhouse', bridge)

async function ask(channel: string, argument: unknown): Promise<unknown> {
  // The main process answers every call of ours in this form.
  const reply = (await ipcRenderer.invoke(channel, argument)) as Reply
  if (!reply.ok) throw new Error(reply.message)
  return reply.value
}

function listen(channel: string, listener: (payload: unknown) => void): () => void {
  // The event itself stays here: it would hand the page a way to the whole of ipcRenderer.
  const forward = (_event: unknown, payload: unknown) => listener(payload)
  ipcRenderer.on(channel, forward)
  return () => void ipcRenderer.off(channel, forward)
}
