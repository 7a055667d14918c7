/** What an MCP client may change in broker sessions beside publishing: make one, take messages and settle them, put back dead letters. */
import { z } from 'zod'
import { BrokerFault } from '../../brokers/fault.ts'
import { durability } from '../../brokers/policy.ts'
import { builtInTool, type BuiltInTool } from '../../relay/built-in/server.ts'
import { facts } from '../content.ts'
import { fitting, own, sessionInput, topic, type BrokerAccess } from './sessions.ts'

const subscriber = z
  .string()
  .regex(/^[\w.-]{1,64}$/, 'Letters, digits, _ . and - and at most 64 of them')
  .describe('A name for the queue that messages are taken from; it is made by the first call and kept')
const handles = z.array(z.string().min(1).max(64)).min(1).max(200).describe('From broker_take')

export function workingTools(brokers: BrokerAccess): BuiltInTool[] {
  return [
    builtInTool({
      name: 'broker_create',
      title: 'Create a broker session',
      description:
        'Makes a private broker with queues and topics of its own. The answer has its password, which programs log in with, and its secret key, which suspends and drops it: both are shown this once.',
      secrets: { arguments: ['password'], answer: true },
      input: z.object({
        sessionName: z.string().min(1).max(128).describe('A name that no broker session has'),
        password: z.string().min(1).max(1_024).optional().describe('One is made when left out'),
        expiresIn: z
          .number()
          .int()
          .min(1)
          .max(3_650)
          .optional()
          .describe('Days until it is dropped with all it holds; never when left out'),
        durability: durability.optional().describe('fsync: a message is taken once it is on the disk; memory: never written'),
      }),
      readOnly: false,
      right: 'brokers:use',
      about: ({ sessionName }) => sessionName,
      async run({ sessionName, expiresIn, ...chosen }, { actor, standing }) {
        // A key that is limited to some sessions makes no others.
        if (!standing.may('brokers:use', sessionName))
          throw new BrokerFault('no-such-session', 'This session is limited to broker sessions that there are; brokers_list shows them')
        const sessionExpiry = expiresIn === undefined ? null : expiresIn * 86_400_000
        return facts(await brokers.create({ sessionName, sessionExpiry, ...chosen }, actor, standing.maker))
      },
    }),
    builtInTool({
      name: 'broker_take',
      title: 'Take messages to work on',
      description:
        'Takes messages from a queue of your own, the oldest first, each with a handle. When one is done, tell broker_settle with its handle; one that is not done within `hold` seconds, or that is given back, waits again and comes to whoever takes next, so nothing is lost when work breaks off. The first call makes the queue: it gets what is published from then on, also while nobody takes. With `$share/GROUP/topic` several subscribers divide the messages among them.',
      input: sessionInput.extend({
        topic: topic.describe('A topic, a filter with + and #, or $share/GROUP/filter; counts when the queue is made'),
        subscriber,
        limit: z.number().int().min(1).max(100).default(10).describe('Ends the wait when so many have come'),
        wait: z.number().min(0).max(50).default(5).describe('Seconds to wait for messages'),
        hold: z.number().min(1).max(3_600).default(120).describe('Seconds that you have for them'),
      }),
      readOnly: false,
      right: 'brokers:use',
      about: ({ sessionName, topic: of }) => `${sessionName} ${of}`,
      async run({ sessionName, wait, hold, ...wanted }, { standing, signal, progress }) {
        own(brokers, sessionName, standing)
        await progress(0, wanted.limit, `Waiting for ${wanted.topic}`)
        const { messages, isNew } = await brokers.take(sessionName, { ...wanted, wait: wait * 1_000, hold: hold * 1_000 }, signal)
        const next = messages.length === 0 ? null : 'Tell broker_settle which of these handles are done.'
        const begun = isNew ? 'The queue is new: it gets what is published from now on.' : null
        return facts({ messages: fitting(messages), hint: [begun, next].filter((each) => each !== null).join(' ') })
      },
    }),
    builtInTool({
      name: 'broker_settle',
      title: 'Say that taken messages are done, or give them back',
      description:
        'For messages from broker_take, by their handles. `done` takes them out of the queue for good, `back` lets them be taken again at once. Handles whose time was over are counted as unknown: those messages wait again.',
      input: sessionInput.extend({ handles, outcome: z.enum(['done', 'back']) }),
      readOnly: false,
      right: 'brokers:use',
      destructive: true,
      about: ({ sessionName }) => sessionName,
      async run({ sessionName, handles: given, outcome }, { standing }) {
        const asked = [...new Set(given)]
        const settled = await brokers.settle(own(brokers, sessionName, standing), asked, outcome === 'done')
        return facts({ settled, unknown: asked.length - settled })
      },
    }),
    builtInTool({
      name: 'broker_leave',
      title: 'Give up a queue',
      description: 'Forgets a subscriber of broker_take with all that waits for it; nothing more is kept for it.',
      input: sessionInput.extend({ subscriber }),
      readOnly: false,
      right: 'brokers:use',
      destructive: true,
      about: ({ sessionName, subscriber: of }) => `${sessionName} ${of}`,
      async run({ sessionName, subscriber: of }, { standing }) {
        await brokers.leave(own(brokers, sessionName, standing), of)
        return facts({ left: of })
      },
    }),
    builtInTool({
      name: 'broker_replay',
      title: 'Put back dead letters',
      description:
        'Gives dead letters to their subscribers again, by the ids of broker_dead_letters or all. `kept`: nobody listens for them.',
      input: sessionInput.extend({
        ids: z.array(z.number().int()).min(1).max(1_000).optional().describe('From broker_dead_letters; all when left out'),
      }),
      readOnly: false,
      right: 'brokers:use',
      about: ({ sessionName }) => sessionName,
      run: async ({ sessionName, ids }, { standing }) =>
        facts(await brokers.replay(own(brokers, sessionName, standing), ids === undefined ? { all: true } : { ids })),
    }),
  ]
}

/** What they have beside messages: which topics there are, and what could not be delivered. */
export function lookingTools(brokers: BrokerAccess): BuiltInTool[] {
  return [
    builtInTool({
      name: 'broker_topics',
      title: 'List topics of a broker session',
      description: 'The topics with their subscribers, what was published on each and what waits, the busiest first.',
      input: sessionInput,
      readOnly: true,
      right: 'brokers:use',
      about: ({ sessionName }) => sessionName,
      run: async ({ sessionName }, { standing }) => facts({ topics: await brokers.topics(own(brokers, sessionName, standing)) }),
    }),
    builtInTool({
      name: 'broker_dead_letters',
      title: 'List dead letters',
      description:
        'Messages that could not be delivered, the newest first, each with why and the beginning of what it says. broker_replay puts them back.',
      input: sessionInput.extend({ limit: z.number().int().min(1).max(200).default(50) }),
      readOnly: true,
      right: 'brokers:use',
      about: ({ sessionName }) => sessionName,
      run: async ({ sessionName, limit }, { standing }) => facts(await brokers.deadLetters(own(brokers, sessionName, standing), limit)),
    }),
  ]
}
