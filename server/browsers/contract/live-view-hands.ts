/** The live view's messages about what a page needs a person's hands for, beside mouse and keyboard. Part of `live-view-messages.ts`. */
import { z } from 'zod'

const id = z.string().min(1).max(100)
const place = z.object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() })

/** All but the first need mouse and keyboard to have been taken. */
export const handsCommands = [
  /** Answers a dialog of a page. */
  z.object({ type: z.literal('answer'), dialog: id, accept: z.boolean(), text: z.string().max(10_000).optional() }),
  /** What was chosen in a list (the index of the option) or by a picker (the control's value); null when nothing was. */
  z.object({ type: z.literal('choose'), choice: id, value: z.string().max(1_000).nullable() }),
  /** Uploads of this session for the page that asked for files; none when the person wants to give none. */
  z.object({ type: z.literal('files'), chooser: id, files: z.array(z.uuid()).max(200) }),
] as const

export const pageDialog = z.object({
  id,
  page: z.string(),
  kind: z.enum(['alert', 'confirm', 'prompt', 'beforeunload']),
  message: z.string(),
  defaultText: z.string(),
  /** Whose scripts ask; empty for a page without an address. */
  host: z.string(),
  /** Until it is refused. */
  secondsLeft: z.number(),
})
export type PageDialog = z.output<typeof pageDialog>

export const pageChoice = z.object({
  id,
  kind: z.enum(['select', 'date', 'time', 'datetime-local', 'month', 'week', 'color']),
  /** Of the control, in CSS px of the page. */
  place,
  /** What it is called on the page. */
  label: z.string(),
  value: z.string(),
  min: z.string(),
  max: z.string(),
  step: z.string(),
  options: z.array(
    z.object({ index: z.number(), text: z.string(), group: z.string().nullable(), disabled: z.boolean(), selected: z.boolean() }),
  ),
})
export type PageChoice = z.output<typeof pageChoice>

export const viewDownload = z.object({
  id,
  name: z.string(),
  state: z.enum(['arriving', 'done', 'stopped', 'failed', 'refused']),
  receivedBytes: z.number(),
  totalBytes: z.number().nullable(),
})
export type ViewDownload = z.output<typeof viewDownload>

export const handsNotices = [
  /** All dialogs that wait, the oldest first; sent when that changes. */
  z.object({ type: z.literal('dialogs'), dialogs: z.array(pageDialog) }),
  /** The person has opened a list or a picker, which the picture does not show. */
  z.object({ type: z.literal('choice'), choice: pageChoice }),
  /** The page asks for files. */
  z.object({ type: z.literal('chooser'), chooser: id, multiple: z.boolean(), /** As the attribute of this name. */ accept: z.string() }),
  /** A download has begun, grown or ended. */
  z.object({ type: z.literal('download'), download: viewDownload }),
] as const
