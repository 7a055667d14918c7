/** The way to WhatsApp through a proxy that somebody named: judged anew for every connection, like all addresses that callers name. */
import type { HttpsProxyAgent } from 'https-proxy-agent'
import { pinned, portOf, type Egress } from '../../http/egress.ts'

/** Throws `address-refused` where the address says by itself that it may not be reached. */
export async function createProxyAgent(proxy: string, egress: Egress): Promise<HttpsProxyAgent<string>> {
  egress.check(proxy)
  const library = await import('https-proxy-agent')
  const { hostname, protocol, port } = new URL(proxy)
  const destination = { host: hostname, port: portOf({ protocol, port }), protocol: protocol === 'https:' ? 'https:' : 'http:' } as const
  const agent = new library.HttpsProxyAgent(proxy)
  const connect = agent.connect.bind(agent)
  agent.connect = async (request, options) => {
    agent.connectOpts = { ...agent.connectOpts, lookup: pinned(await egress.addresses(destination)) }
    return connect(request, options)
  }
  return agent
}
