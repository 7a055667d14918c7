/**
 * oidc-provider with introspection, its records in a Map (its own adapter keeps only a thousand). Started in the folder where it is
 * installed.
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const require = createRequire(join(process.cwd(), 'package.json'))
const { default: Provider } = await import(pathToFileURL(require.resolve('oidc-provider')).href)

class MapAdapter {
  static records = new Map()
  /** @param {string} name */
  constructor(name) {
    this.name = name
  }
  /** @param {string} id @param {object} payload */
  async upsert(id, payload) {
    MapAdapter.records.set(`${this.name}:${id}`, payload)
  }
  /** @param {string} id */
  async find(id) {
    return MapAdapter.records.get(`${this.name}:${id}`)
  }
  /** @param {string} id */
  async destroy(id) {
    MapAdapter.records.delete(`${this.name}:${id}`)
  }
  async consume() {}
  async revokeByGrantId() {}
  async findByUid() {}
  async findByUserCode() {}
}

const port = Number(process.argv[2])
const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter: MapAdapter,
  clients: [
    { client_id: 'gateway', client_secret: 'gateway-secret', grant_types: ['client_credentials'], redirect_uris: [], response_types: [] },
  ],
  features: {
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    devInteractions: { enabled: false },
  },
  ttl: { ClientCredentials: 3_600 },
})
provider.listen(port, '127.0.0.1', () => console.log('ready'))
