/** A bot made and linked by an agent: the code is text that a person types on the phone, under Linked devices. */
import { z } from 'zod'
import { phoneNumber, userId } from '../../bots/contract/parts.ts'
import { BotFault } from '../../bots/fault.ts'
import { builtInTool, type BuiltInTool } from '../../relay/built-in/server.ts'
import { facts } from '../content.ts'
import { routeAnswer, type BotAccess } from './access.ts'

export function linkingTools(access: BotAccess): BuiltInTool[] {
  return [
    builtInTool({
      name: 'bot_create',
      title: 'Create a bot and get its code',
      description:
        'Makes a bot for a phone number and waits for its pairing code, eight letters and digits. A person types it on that phone: WhatsApp, Settings, Linked devices, Link a device, Link with phone number instead. bots_list shows when it is online; bot_link_code has the code once more, and bot_relink asks for a new one.',
      secrets: { answer: true },
      input: z.object({
        userId: userId.describe('A name for the bot that none has yet: letters, digits, _ and -'),
        phoneNumber: phoneNumber.describe('With its country code, digits alone'),
      }),
      readOnly: false,
      right: 'bots:use',
      about: ({ userId: id }) => id,
      async run(wanted, call) {
        // A key that is limited to some bots makes no others.
        if (!call.standing.may('bots:use', wanted.userId))
          throw new BotFault('bot-not-found', 'This session is limited to bots that there are; bots_list shows them')
        return facts(await routeAnswer(access, 'createSession', { params: {}, query: {}, body: wanted }, call))
      },
    }),
  ]
}
