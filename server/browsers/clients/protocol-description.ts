/**
 * What the DevTools protocol has, in the form in which a Chromium tells it at `json/protocol`. A browser tells it at a port alone, and ours
 * has none (`docs/decisions/0003-chromium-by-pipe.md`): this is the description that our driver was made with.
 */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'

interface Description {
  version: object
  domains: { domain: string }[]
}

/** Resolves with JSON; read anew each time, since it is megabytes that hardly anybody asks for. */
export async function protocolDescription(): Promise<string> {
  const [browser, script] = await Promise.all([readPart('browser_protocol.json'), readPart('js_protocol.json')])
  const domains = [...browser.domains, ...script.domains].toSorted((a, b) => (a.domain < b.domain ? -1 : 1))
  return JSON.stringify({ version: browser.version, domains })
}

/** Beside the built server, or where it is installed. */
async function readPart(name: string): Promise<Description> {
  const built = ['..', '../..'].map((up) => join(import.meta.dirname, up, 'protocol', name)).find((path) => existsSync(path))
  // A file of the protocol's own package, which says so.
  return JSON.parse(await readFile(built ?? installed(name), 'utf8')) as Description
}

function installed(name: string): string {
  const driver = createRequire(import.meta.url).resolve('puppeteer-core')
  return createRequire(driver).resolve(`devtools-protocol/json/${name}`)
}
