/** Tools that are routes of the bots API: the same fields, the same answer, and whose bots a session sees is looked at here. */
import { z } from 'zod'
import { botsContract } from '../../bots/contract/index.ts'
import type { RouteDefinition } from '../../http/contract.ts'
import { builtInTool, type BuiltInTool } from '../../relay/built-in/server.ts'
import { facts } from '../content.ts'
import { botInput, reached, routeAnswer, type BotAccess } from './access.ts'

interface RouteTool {
  name: string
  route: keyof typeof botsContract.routes
  description: string
  readOnly?: boolean
  destructive?: boolean
  /** Its answer holds a pairing code. */
  secret?: boolean
}

const tools: readonly RouteTool[] = [
  {
    name: 'bot_chats',
    route: 'chats',
    readOnly: true,
    description: 'The chats of the kept log with what is unread and their last message, the newest first.',
  },
  {
    name: 'bot_lookup',
    route: 'lookUp',
    readOnly: true,
    description: 'Whether a phone number has a WhatsApp account, and under which number and chat it is written to. Asks WhatsApp.',
  },
  { name: 'bot_contacts', route: 'contacts', readOnly: true, description: 'People the account knows, by name or number, by pages.' },
  { name: 'bot_contact', route: 'contact', readOnly: true, description: 'One person, with what they say of themselves. Asks WhatsApp.' },
  { name: 'bot_groups', route: 'groups', readOnly: true, description: 'The groups that the account is in.' },
  { name: 'bot_group', route: 'group', readOnly: true, description: 'One group in full: its members, admins and settings.' },
  { name: 'bot_votes', route: 'votes', readOnly: true, description: 'Who chose what in a poll, and how many chose each option.' },
  {
    name: 'bot_sent',
    route: 'sentMessages',
    readOnly: true,
    description: 'What was sent and what waits, the newest first, with how far each has come and why it failed.',
  },
  { name: 'bot_mark_read', route: 'markRead', description: 'Marks a chat as read, which its people see.' },
  {
    name: 'bot_group_create',
    route: 'createGroup',
    destructive: true,
    description: 'Makes a group with these people; the answer says who could not be added and has to be invited.',
  },
  {
    name: 'bot_group_members',
    route: 'changeMembers',
    destructive: true,
    description: 'Adds people to a group, removes them, or makes them admins or not; the answer says what became of each.',
  },
  {
    name: 'bot_link_code',
    route: 'pairing',
    secret: true,
    description: 'The pairing code of a bot that waits for its phone, and until when it is good. Who has it can take the account.',
  },
  {
    name: 'bot_relink',
    route: 'pairBot',
    description:
      'Asks for a new pairing code after the phone has ended the link, or the code has run out; bot_link_code has it a few seconds later.',
  },
  { name: 'bot_start', route: 'startSession', description: 'Starts a bot that was stopped.' },
  {
    name: 'bot_stop',
    route: 'stopSession',
    destructive: true,
    description: 'Stops a bot; its link, log and queue stay, and nothing is sent or received until bot_start.',
  },
  { name: 'bot_group_leave', route: 'leaveGroup', destructive: true, description: 'Leaves a group; only an invitation leads back.' },
]

export function routeTools(access: BotAccess): BuiltInTool[] {
  return tools.map((tool) => routeTool(access, tool))
}

function routeTool(
  access: BotAccess,
  { name, route, description, readOnly = false, destructive = false, secret = false }: RouteTool,
): BuiltInTool {
  const { summary, params, query, body }: RouteDefinition = botsContract.routes[route]
  const parts = { params: shapeOf(params), query: shapeOf(query), body: shapeOf(body) }
  const { userId: _userId, ...own } = parts.params
  return builtInTool({
    name,
    title: summary,
    description,
    input: z.object({ ...own, ...parts.query, ...parts.body }).extend(botInput.shape),
    readOnly,
    destructive,
    secrets: { answer: secret },
    right: 'bots:use',
    about: ({ userId }) => String(userId),
    async run(given, call) {
      reached(access, String(given['userId']), call.standing)
      const input = { params: pick(given, parts.params), query: pick(given, parts.query), body: pick(given, parts.body) }
      return facts(await routeAnswer(access, route, input, call))
    },
  })
}

function shapeOf(schema: z.ZodType | undefined): z.ZodRawShape {
  return schema instanceof z.ZodObject ? schema.shape : {}
}

function pick(input: object, shape: z.ZodRawShape): object {
  return Object.fromEntries(Object.entries(input).filter(([field]) => field in shape))
}
