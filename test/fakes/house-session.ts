/** A real MCP client of a session that reaches Wheelhouse's own tools, given as a room of the test gives them. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { expect, onTestFinished } from 'vitest'
import { ownerStanding } from '../../server/http/rights.ts'
import type { BuiltInTool } from '../../server/relay/built-in/server.ts'
import { relayKey, serveRelay, type ServedRelay } from './served-relay.ts'

export interface HouseSession {
  relay: ServedRelay
  /** A client of a session with that policy. */
  connect(policy?: object, mode?: 'auto' | 'legacy'): Promise<HouseClient>
  /** The audit's lines about tools, oldest first. */
  audit(): { type: string; subject: string | null | undefined; actor: string | undefined; about: unknown }[]
}

export interface HouseClient {
  client: Client
  /** How the audit names its session. */
  actor: string
  names(): Promise<string[]>
  /** The facts a tool answers with; fails when it says it failed. */
  call(
    name: string,
    args?: object,
    options?: { onprogress?: (progress: { progress: number; total?: number }) => void; signal?: AbortSignal },
  ): Promise<Facts>
  /** What a tool says when it fails. */
  refused(name: string, args?: object): Promise<string>
}

// Tests look into answers by name and fail by their own expectations.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Facts = any

export async function openHouse(builtInTools: readonly BuiltInTool[]): Promise<HouseSession> {
  const relay = await serveRelay({ given: { builtInTools: () => Promise.resolve(builtInTools) } })
  onTestFinished(() => relay.stop())
  await new Promise((resolve) => setImmediate(resolve))
  return {
    relay,
    audit: () =>
      relay.context.emitted
        .filter(({ type }) => type.startsWith('tool-'))
        .map(({ type, subject, actor, data }) => ({ type, subject, actor, about: data?.['about'] })),
    async connect(policy = {}, mode = 'auto') {
      const before = new Set(relay.room.sessionAdmin.all(ownerStanding).map(({ id }) => id))
      const { sessionUrl } = await relay.session({
        body: { policy: { upstreams: ['wheelhouse'], ...policy } },
        headers: { 'x-api-key': relayKey },
      })
      const made = relay.room.sessionAdmin.all(ownerStanding).find(({ id }) => !before.has(id))
      const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode } })
      await client.connect(new StreamableHTTPClientTransport(new URL(sessionUrl)))
      onTestFinished(() => client.close())
      const textOf = async (name: string, args: object, failed: boolean, options: object = {}): Promise<string> => {
        const { content, isError } = await client.callTool({ name, arguments: { ...args } }, options)
        const [first] = content as { text: string }[]
        expect(isError === true, first?.text).toBe(failed)
        return first?.text ?? ''
      }
      return {
        client,
        actor: `relay:${made?.id}`,
        names: async () => (await client.listTools()).tools.map(({ name }) => name),
        call: async (name, args = {}, options = {}) => JSON.parse(await textOf(name, args, false, options)),
        refused: (name, args = {}) => textOf(name, args, true),
      }
    },
  }
}
