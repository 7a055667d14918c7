/** What an MCP client may see of bots and brokers through the relay. */
import { z } from 'zod'
import type { BotService } from './bots/service.ts'
import type { BrokerService } from './brokers/service.ts'
import { houseTool, type HouseContent, type HouseTool } from './relay/wheelhouse.ts'

const facts = (value: unknown): HouseContent[] => [{ type: 'text', text: JSON.stringify(value, null, 2) }]

export function roomTools({ bots, brokers }: { bots: Pick<BotService, 'list'>; brokers: Pick<BrokerService, 'all'> }): HouseTool[] {
  return [
    houseTool({
      name: 'bots_list',
      title: 'List bots',
      description: 'The linked WhatsApp bots with their state.',
      input: z.object({}),
      readOnly: true,
      run: () => facts(bots.list().map(({ row, state }) => ({ userId: row.userId, state }))),
    }),
    houseTool({
      name: 'brokers_list',
      title: 'List broker sessions',
      description: 'The broker sessions by name.',
      input: z.object({}),
      readOnly: true,
      run: () => facts(brokers.all().map(({ name }) => ({ sessionName: name }))),
    }),
  ]
}
