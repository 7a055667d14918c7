/** What an MCP client may do with broker sessions through the relay: see what waits, publish, and listen for a while. */
import { z } from 'zod'
import { brokersContract } from '../../brokers/contract/index.ts'
import type { ClientMessage } from '../../brokers/in-process-client.ts'
import { builtInTool, type BuiltInTool } from '../../relay/built-in/server.ts'
import { facts } from '../content.ts'
import { waitFor } from '../../async/deadline.ts'
import { withRemedies } from '../remedies.ts'
import { filter, fitting, isReached, own, sessionInput, topic, type BrokerAccess } from './sessions.ts'
import { lookingTools, workingTools } from './working.ts'

export type { BrokerAccess }

/** Names and values as MQTT 5 carries them beside a message. */
const headers = z
  .record(z.string().min(1).max(256), z.string().max(8_192))
  .refine((given) => Object.keys(given).length <= 100, 'At most 100')

export function brokerTools(brokers: BrokerAccess): BuiltInTool[] {
  return withRemedies(brokersContract.faults, [
    builtInTool({
      name: 'brokers_list',
      title: 'List broker sessions',
      description: 'The broker sessions with their clients and what waits in them.',
      input: z.object({}),
      readOnly: true,
      right: 'brokers:use',
      run: (_, { standing }) => facts(brokers.list().filter(({ sessionName }) => isReached(brokers, standing, sessionName))),
    }),
    builtInTool({
      name: 'broker_peek',
      title: 'Look at messages that wait',
      description:
        'Messages a broker session holds for its subscribers, and retained ones, newest first. Nothing is taken: each still reaches whom it is for.',
      input: sessionInput.extend({ topic: filter.default('#'), limit: z.number().int().min(1).max(200).default(50) }),
      readOnly: true,
      right: 'brokers:use',
      about: ({ sessionName }) => sessionName,
      run: async ({ sessionName, topic: of, limit }, { standing }) =>
        facts({ messages: fitting(await brokers.peek(own(brokers, sessionName, standing), of, limit)) }),
    }),
    builtInTool({
      name: 'broker_publish',
      title: 'Publish a message',
      description: 'Publishes on a topic; answers when the message is as durable as the session asks for.',
      input: sessionInput.extend({
        topic: topic.describe('Without wildcards'),
        data: z.union([z.string(), z.record(z.string(), z.unknown()), z.array(z.unknown())]).describe('Text, or JSON'),
        retain: z.boolean().default(false).describe('Keep it for those who subscribe later'),
        ttl: z.number().int().min(1).optional().describe('Milliseconds after which it is no longer delivered'),
        qos: z
          .union([z.literal(0), z.literal(1)])
          .default(1)
          .describe('0: only to who is there now, without acknowledgement'),
        headers: headers.optional().describe('Go with it as user properties of MQTT 5; what it says is then text'),
        messageId: z.string().min(1).max(128).optional().describe('What comes twice under one id is published once'),
      }),
      readOnly: false,
      right: 'brokers:use',
      destructive: true,
      about: ({ sessionName, topic: on }) => `${sessionName} ${on}`,
      run: async ({ sessionName, topic: to, messageId, ...said }, { actor, standing }) =>
        facts(await brokers.publish(own(brokers, sessionName, standing), { topic: to, id: messageId, publisher: actor, ...said })),
    }),
    builtInTool({
      name: 'broker_subscribe',
      title: 'Listen to a topic',
      description:
        'Listens beside all others and returns what was published meanwhile: when as many came as asked for, or when the time is over. Nobody else misses a message.',
      input: sessionInput.extend({
        topic: filter,
        wait: z.number().min(0.1).max(50).default(10).describe('Seconds'),
        limit: z.number().int().min(1).max(200).default(20).describe('Ends the wait when so many have come'),
      }),
      readOnly: true,
      right: 'brokers:use',
      about: ({ sessionName, topic: on }) => `${sessionName} ${on}`,
      async run({ sessionName, topic: of, wait, limit }, { actor, standing, signal, progress }) {
        own(brokers, sessionName, standing)
        const received: ClientMessage[] = []
        let ended: string | null = null
        await progress(0, limit, `Listening to ${of}`)
        await waitFor(
          wait * 1_000,
          (done) =>
            brokers.listen(sessionName, of, actor, {
              onMessage(message) {
                if (received.length >= limit) return
                received.push(message)
                void progress(received.length, limit, message.topic)
                if (received.length === limit) done()
              },
              onEnded(reason) {
                ended = reason
                done()
              },
            }),
          { signal },
        )
        return facts({ messages: fitting(received), ...(ended === null ? {} : { ended }) })
      },
    }),
    ...lookingTools(brokers),
    ...workingTools(brokers),
  ])
}
