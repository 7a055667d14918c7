/** A registry on loopback with packages packed from folders, which hands out each when the test says so. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listenOnLoopback, stopServer } from '../fixtures/loopback.ts'

export interface Package {
  name: string
  dependencies?: Record<string, string>
  bin?: string
  /** Of its only file. */
  source: string
}

export interface NpmRegistry {
  /** Variables with which npm knows no other registry and no other cache. */
  env: Record<string, string>
  /** Those packages, all when none is named, may be fetched from now on; until then their requests wait. */
  release(...names: string[]): void
  stop(): Promise<void>
}

export async function openNpmRegistry(packages: readonly Package[]): Promise<NpmRegistry> {
  const folder = mkdtempSync(join(tmpdir(), 'wheelhouse-registry-'))
  const packed = new Map(packages.map((each) => [each.name, { ...each, tarball: pack(folder, each), gate: Promise.withResolvers<void>() }]))
  const release = (...names: string[]): void => {
    for (const name of names.length === 0 ? packed.keys() : names) packed.get(name)?.gate.resolve()
  }
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '/').slice(1)
    const wanted = packed.get(path.replace(/\.tgz$/, ''))
    if (wanted === undefined) return void response.writeHead(404, { 'content-type': 'application/json' }).end('{}')
    if (path.endsWith('.tgz')) return void wanted.gate.promise.then(() => response.end(wanted.tarball))
    const { tarball, source: _, gate: _gate, ...given } = wanted
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
    const version = { ...manifest(given), dist: { tarball: `${base}/${given.name}.tgz`, integrity } }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ name: given.name, 'dist-tags': { latest: '1.0.0' }, versions: { '1.0.0': version } }))
  })
  const base = await listenOnLoopback(server)
  return {
    env: {
      ...{ npm_config_registry: base, npm_config_cache: join(folder, 'cache'), npm_config_userconfig: join(folder, 'npmrc') },
      npm_config_update_notifier: 'false',
    },
    release,
    async stop() {
      release()
      await stopServer(server)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function manifest({ name, dependencies = {}, bin }: Omit<Package, 'source'>): object {
  return { name, version: '1.0.0', dependencies, ...(bin === undefined ? {} : { bin: { [bin]: 'index.js' } }) }
}

/** As npm packs it: one folder named `package`. */
function pack(folder: string, { source, ...given }: Package): Buffer {
  const root = join(folder, given.name)
  mkdirSync(join(root, 'package'), { recursive: true })
  writeFileSync(join(root, 'package', 'package.json'), JSON.stringify(manifest(given)))
  writeFileSync(join(root, 'package', 'index.js'), source, { mode: 0o755 })
  execFileSync('tar', ['czf', join(root, 'package.tgz'), '-C', root, 'package'])
  return readFileSync(join(root, 'package.tgz'))
}
