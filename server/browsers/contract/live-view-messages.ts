/**
 * The live view's messages. Server to client: a binary message is one JPEG frame preceded by a 16-byte header
 * (big-endian uint32: frame number, page width, page height in CSS px, milliseconds since the view was opened);
 * a text message is one `ViewNotice`. Client to server: text messages, each one `ViewCommand`.
 */
import { z } from 'zod'
import { handsCommands, handsNotices } from './live-view-hands.ts'

export type { PageChoice, PageDialog, PageMenu, ViewDownload } from './live-view-hands.ts'

const modifiers = z.number().int().min(0).max(15).default(0)
const coordinate = z.number().min(-10_000).max(100_000)

export const viewCommand = z.discriminatedUnion('type', [
  /** Starts or pauses frames; sent when the view comes into sight or leaves it. Size in CSS px of the picture wanted. */
  z.object({
    type: z.literal('visible'),
    visible: z.boolean(),
    maxWidth: z.number().int().min(64).max(3_840).default(1_280),
    maxHeight: z.number().int().min(64).max(2_160).default(800),
    everyNth: z.number().int().min(1).max(60).default(1),
  }),
  /** The client has drawn this frame; at most two undrawn frames are under way. */
  z.object({ type: z.literal('drawn'), frame: z.number().int().min(0) }),
  /** Asks for the keyboard and mouse; needed before any input. */
  z.object({ type: z.literal('take-over') }),
  z.object({ type: z.literal('give-back') }),
  z.object({
    type: z.literal('mouse'),
    action: z.enum(['move', 'down', 'up', 'wheel']),
    x: coordinate,
    y: coordinate,
    button: z.enum(['none', 'left', 'middle', 'right']).default('none'),
    clicks: z.number().int().min(0).max(3).default(0),
    deltaX: coordinate.default(0),
    deltaY: coordinate.default(0),
    modifiers,
  }),
  z.object({
    type: z.literal('key'),
    action: z.enum(['down', 'up']),
    key: z.string().max(40),
    code: z.string().max(40),
    text: z.string().max(8).default(''),
    keyCode: z.number().int().min(0).max(255).default(0),
    modifiers,
  }),
  /** Text that was pasted or composed. */
  z.object({ type: z.literal('text'), text: z.string().max(10_000) }),
  /** Shows another page of the session. */
  z.object({ type: z.literal('page'), page: z.string().max(100) }),
  ...handsCommands,
])
export type ViewCommand = z.output<typeof viewCommand>
export type SentViewCommand = z.input<typeof viewCommand>

export const viewNotice = z.discriminatedUnion('type', [
  z.object({ type: z.literal('page'), page: z.string(), url: z.string(), title: z.string() }),
  z.object({
    type: z.literal('control'),
    /** Who types now: this view, another one, or nobody. */ holder: z.enum(['you', 'other', 'nobody']),
  }),
  z.object({ type: z.literal('ended'), reason: z.string() }),
  z.object({ type: z.literal('problem'), message: z.string() }),
  ...handsNotices,
])
export type ViewNotice = z.output<typeof viewNotice>
