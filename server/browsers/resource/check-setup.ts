/** Whether a session can be set up as a caller wants it, told before anything is started for it. */
import { access, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../../fault.ts'
import { portOf, type Egress } from '../../http/egress.ts'
import type { Proxy, SetupRequest } from '../contract/setup.ts'
import { BrowserFault } from '../fault.ts'
import { BeyondFailed, connectThrough } from '../process/upstream-proxy.ts'

export interface CheckTools {
  egress: Egress
  extensionsDir: string
}

/** Ms that a proxy has to answer. */
const patience = 10_000

/** `address`: where the session begins, if that is known. Throws `proxy-failed`, `address-refused`, `extension-unknown`, `no-display`. */
export async function checkSetup(
  { proxy, extensions = [], headless }: SetupRequest,
  address: string | null,
  tools: CheckTools,
): Promise<void> {
  if (headless === false && process.platform === 'linux' && !process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY'])
    throw new BrowserFault('no-display', 'This machine has no screen to show a window on')
  await Promise.all([
    ...extensions.map((name) => checkExtension(name, tools.extensionsDir)),
    proxy ? checkProxy(proxy, address, tools.egress) : undefined,
  ])
}

/** Asks it for the way to where the session begins; what is beyond it is not its fault. */
export async function checkProxy(proxy: Proxy, address: string | null, egress: Egress): Promise<void> {
  const url = address === null ? null : URL.parse(address)
  const beyond =
    url === null || url.hostname === ''
      ? { host: proxy.host, port: proxy.port }
      : { host: url.hostname.replace(/^\[|\]$/g, ''), port: portOf(url) }
  try {
    const addresses = await egress.addresses({ host: proxy.host, port: proxy.port, protocol: null })
    const socket = await connectThrough(proxy, addresses, beyond, { patience, onSocket: () => undefined })
    socket.destroy()
  } catch (error) {
    if (error instanceof BeyondFailed) return
    if (error instanceof Fault) throw error
    throw new BrowserFault('proxy-failed', `The proxy ${proxy.host}:${proxy.port} is not a known host name`, {}, { cause: error })
  }
}

async function checkExtension(name: string, folder: string): Promise<void> {
  try {
    await access(join(folder, name, 'manifest.json'))
  } catch {
    const known = (await readdir(folder, { withFileTypes: true }).catch(() => []))
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
    throw new BrowserFault(
      'extension-unknown',
      `There is no extension ${name} in ${folder}; ${known.length === 0 ? 'the folder has none' : `it has ${known.sort().join(', ')}`}`,
    )
  }
}
