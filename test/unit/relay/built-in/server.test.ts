/** The built-in server, spoken to without HTTP. */
import { Client } from '@modelcontextprotocol/client'
import { expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { createAnnouncer } from '../../../../server/events/event-types.ts'
import { ownerStanding } from '../../../../server/http/rights.ts'
import { createBuiltInReach } from '../../../../server/relay/built-in/reach.ts'
import { createBuiltInServer, builtInTool } from '../../../../server/relay/built-in/server.ts'
import { relayEvents } from '../../../../server/relay/events.ts'
import { recordedEvents } from '../../../fakes/kernel.ts'

it('a tool that tells a client how far it is does its work to the end when that client has gone', async () => {
  const unhandled: unknown[] = []
  const note = (reason: unknown): void => void unhandled.push(reason)
  process.on('unhandledRejection', note)
  onTestFinished(() => void process.off('unhandledRejection', note))

  const begun = Promise.withResolvers<undefined>()
  const gone = Promise.withResolvers<undefined>()
  const finished = Promise.withResolvers<string>()
  const tool = builtInTool({
    ...{ name: 'listen', title: 'Listen', description: '', input: z.object({}), readOnly: true, right: 'brokers:use' },
    async run(_, { progress }) {
      begun.resolve(undefined)
      await gone.promise
      // As from a callback of another room, and as a step of its own.
      void progress(1, 3, 'heard one')
      await progress(2, 3, 'heard two')
      finished.resolve('to the end')
      return []
    },
  })
  const client = new Client({ name: 'test', version: '1.0.0' })
  await client.connect(
    await createBuiltInServer(() => Promise.resolve([tool]), {
      events: createAnnouncer(recordedEvents(), 'relay', relayEvents),
      reach: createBuiltInReach(
        () => [tool],
        () => ownerStanding,
      ),
      policyBy: () => 'owner',
    }).connect(),
  )
  const call = client.callTool({ name: 'listen', arguments: {} }, { onprogress: () => undefined }).catch(() => 'cut')
  await begun.promise
  await client.close()
  expect(await call).toBe('cut')
  gone.resolve(undefined)
  expect(await finished.promise).toBe('to the end')
  await new Promise((resolve) => setImmediate(resolve))
  expect(unhandled).toEqual([])
})
