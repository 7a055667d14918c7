/** What an MCP client may do with broker sessions through the relay: see what waits, publish, and listen for a while. */
import { z } from 'zod'
import type { InProcessClient, ClientMessage } from '../brokers/in-process-client.ts'
import { BrokerFault } from '../brokers/fault.ts'
import type { Standing } from '../http/rights.ts'
import { builtInTool, type BuiltInTool } from '../relay/built-in/server.ts'
import { facts } from './content.ts'
import { waitFor } from '../async/deadline.ts'

export type BrokerAccess = Pick<InProcessClient, 'list' | 'peek' | 'publish' | 'listen' | 'makersOf'>

const session = z.object({ sessionName: z.string().min(1).max(200).describe('From brokers_list') })
const topic = z.string().min(1).max(1_024)
const filter = topic.describe('A topic, or a filter with + for one level and # for the rest')
/** Text that one answer holds; more would fill a model's memory with one call. */
const longestAnswer = 200_000

export function brokerTools(brokers: BrokerAccess): BuiltInTool[] {
  const isReached = (standing: Standing, subject: string): boolean =>
    standing.reaches('brokers', { subject, makers: brokers.makersOf(subject) })
  /** One of somebody else is answered as one that is not there. */
  const own = (sessionName: string, standing: Standing): string => {
    if (!isReached(standing, sessionName)) throw new BrokerFault('no-such-session', 'There is no such session')
    return sessionName
  }
  return [
    builtInTool({
      name: 'brokers_list',
      title: 'List broker sessions',
      description: 'The broker sessions with their clients and what waits in them.',
      input: z.object({}),
      readOnly: true,
      right: 'brokers:use',
      run: (_, { standing }) => facts(brokers.list().filter(({ sessionName }) => isReached(standing, sessionName))),
    }),
    builtInTool({
      name: 'broker_peek',
      title: 'Look at messages that wait',
      description:
        'Messages a broker session holds for its subscribers, and retained ones, newest first. Nothing is taken: each still reaches whom it is for.',
      input: session.extend({ topic: filter.default('#'), limit: z.number().int().min(1).max(200).default(50) }),
      readOnly: true,
      right: 'brokers:use',
      about: ({ sessionName }) => sessionName,
      run: async ({ sessionName, topic: of, limit }, { standing }) =>
        facts({ messages: fitting(await brokers.peek(own(sessionName, standing), of, limit)) }),
    }),
    builtInTool({
      name: 'broker_publish',
      title: 'Publish a message',
      description: 'Publishes on a topic; answers when the message is as durable as the session asks for.',
      input: session.extend({
        topic: topic.describe('Without wildcards'),
        data: z.union([z.string(), z.record(z.string(), z.unknown()), z.array(z.unknown())]).describe('Text, or JSON'),
        retain: z.boolean().default(false).describe('Keep it for those who subscribe later'),
        ttl: z.number().int().min(1).optional().describe('Milliseconds after which it is no longer delivered'),
      }),
      readOnly: false,
      right: 'brokers:use',
      destructive: true,
      about: ({ sessionName, topic: on }) => `${sessionName} ${on}`,
      run: async ({ sessionName, topic: to, data, retain, ttl }, { actor, standing }) =>
        facts(await brokers.publish(own(sessionName, standing), { topic: to, data, retain, ttl, publisher: actor })),
    }),
    builtInTool({
      name: 'broker_subscribe',
      title: 'Listen to a topic',
      description:
        'Listens beside all others and returns what was published meanwhile: when as many came as asked for, or when the time is over. Nobody else misses a message.',
      input: session.extend({
        topic: filter,
        wait: z.number().min(0.1).max(50).default(10).describe('Seconds'),
        limit: z.number().int().min(1).max(200).default(20).describe('Ends the wait when so many have come'),
      }),
      readOnly: true,
      right: 'brokers:use',
      about: ({ sessionName, topic: on }) => `${sessionName} ${on}`,
      async run({ sessionName, topic: of, wait, limit }, { actor, standing, signal, progress }) {
        own(sessionName, standing)
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
  ]
}

/** As many as one answer holds, each cut where it alone would fill it. */
function fitting(messages: readonly ClientMessage[]): (ClientMessage & { cut?: true })[] {
  const share = Math.floor(longestAnswer / Math.max(1, messages.length))
  return messages.map((message) => {
    const text = typeof message.data === 'string' ? message.data : JSON.stringify(message.data)
    return text.length <= share ? message : { ...message, data: text.slice(0, share), cut: true }
  })
}
