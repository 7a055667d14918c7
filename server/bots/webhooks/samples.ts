/** Events as they could have happened, for who tries out a receiver: each fits the schema of its type, whichever types there are. */
import { z } from 'zod'
import { iso } from '../../clock.ts'
import { botEvent, type BotEvent } from '../contract/native/events.ts'

const ann = { chat: '15550100011@s.whatsapp.net', number: '15550100011', name: 'Ann' }

/** By the name of the field, where any text would do but would say nothing. */
const texts: Readonly<Record<string, string>> = {
  id: '3EB0SAMPLE0000000001',
  messageId: '3EB0SAMPLE0000000001',
  chat: ann.chat,
  author: ann.chat,
  person: ann.chat,
  phoneNumber: ann.number,
  number: ann.number,
  authorName: ann.name,
  name: ann.name,
  kind: 'text',
  text: 'This is a sample; nobody wrote it',
  state: 'online',
  group: '120363040000000001@g.us',
  channel: '120363040000000002@newsletter',
  voter: ann.chat,
  voterName: ann.name,
  was: '90000155501000@lid',
  url: '/api/sessions/gate/messages/3EB0SAMPLE0000000001/media',
  subject: 'A group',
}
/** Said of few messages: left out like there. */
const seldom = new Set(['quoted', 'reactsTo', 'problem', 'reason', 'cause'])

interface Shape {
  type?: string | readonly string[]
  format?: string
  const?: unknown
  enum?: readonly unknown[]
  anyOf?: readonly Shape[]
  oneOf?: readonly Shape[]
  properties?: Readonly<Record<string, Shape>>
  required?: readonly string[]
  items?: Shape
  minItems?: number
  minimum?: number
}

export function sampleOf(type: BotEvent['type'], userId: string, now: number): BotEvent {
  const option = botEvent.options.find(({ shape }) => shape.type.value === type)
  if (option === undefined) throw new TypeError(`there is no event ${type}`)
  const shape = z.toJSONSchema(option, { unrepresentable: 'any', reused: 'inline', io: 'output' }) as Shape // what a schema of ours comes to
  return botEvent.parse({ ...(valueOf(shape, '', now) as object), type, userId }) // an event is an object
}

function valueOf(shape: Shape, name: string, now: number): unknown {
  if (shape.const !== undefined) return shape.const
  if (shape.enum !== undefined) return shape.enum[0]
  const choices = shape.anyOf ?? shape.oneOf
  if (choices !== undefined) {
    const nothing = choices.find(({ type }) => type === 'null')
    if (nothing !== undefined && seldom.has(name)) return null
    return valueOf(choices.find((each) => each !== nothing) ?? {}, name, now)
  }
  const type = Array.isArray(shape.type) ? shape.type.find((each) => each !== 'null') : shape.type
  if (type !== shape.type && seldom.has(name)) return null
  switch (type) {
    case 'object':
      return Object.fromEntries((shape.required ?? []).map((key) => [key, valueOf(shape.properties?.[key] ?? {}, key, now)]))
    case 'array':
      return Array.from({ length: shape.minItems ?? 0 }, () => valueOf(shape.items ?? {}, name, now))
    case 'string':
      return shape.format === 'date-time' ? iso(now) : (texts[name] ?? 'sample')
    case 'boolean':
      return false
    case 'integer':
    case 'number':
      return Math.max(1, shape.minimum ?? 1)
    default:
      return null
  }
}
