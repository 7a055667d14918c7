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
  /** Text that is being composed, e.g. by an input method or a dead key; what it becomes comes as `text`. */
  z.object({ type: z.literal('compose'), text: z.string().max(1_000), start: z.number().int().min(0), end: z.number().int().min(0) }),
  /** Copies what is selected, or cuts it; what was copied comes as `copied`, as it does after a shortcut of the keyboard. */
  z.object({ type: z.literal('copy'), cut: z.boolean().default(false) }),
  /** What the person's clipboard holds, for the page to take as it takes any paste. */
  z.object({
    type: z.literal('paste'),
    text: z.string().max(1_000_000),
    html: z.string().max(2_000_000).default(''),
    /** Pictures, base64. */
    files: z
      .array(z.object({ name: z.string().max(200), mime: z.string().max(100), data: z.base64().max(12_000_000) }))
      .max(10)
      .default([]),
  }),
  /** Marks a text wherever it stands on the page and goes to the next or the one before; without a text the marks go. */
  z.object({ type: z.literal('find'), text: z.string().max(500), backward: z.boolean().default(false) }),
  /** The page is laid out for this size in CSS px for as long as this view drives; null: as it is set for the session. */
  z.object({
    type: z.literal('viewport'),
    size: z
      .object({
        width: z.number().int().min(200).max(4_000),
        height: z.number().int().min(150).max(4_000),
        /** Device px of one CSS px. */
        scale: z.number().min(0.25).max(4),
      })
      .nullable(),
  }),
  /** Ends what the scripts of the page in front do. */
  z.object({ type: z.literal('stop-page') }),
  /** Whether a site may have what it asks for, while the session's browser runs. */
  z.object({ type: z.literal('permit'), request: id, allow: z.boolean() }),
  /** Puts the picture that the last menu was opened on among the downloads. */
  z.object({ type: z.literal('save-image') }),
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

export const pageMenu = z.object({
  x: z.number(),
  y: z.number(),
  /** Addresses; empty where there is none. */
  link: z.string(),
  image: z.string(),
  selected: z.boolean(),
  /** Text can be put in there. */
  editable: z.boolean(),
})
export type PageMenu = z.output<typeof pageMenu>

export const handsNotices = [
  /** All dialogs that wait, the oldest first; sent when that changes. */
  z.object({ type: z.literal('dialogs'), dialogs: z.array(pageDialog) }),
  /** The person has opened a list or a picker, which the picture does not show. */
  z.object({ type: z.literal('choice'), choice: pageChoice }),
  /** The page asks for files. */
  z.object({ type: z.literal('chooser'), chooser: id, multiple: z.boolean(), /** As the attribute of this name. */ accept: z.string() }),
  /** The person has opened a menu and the page has none of its own; the place is in CSS px of the page. */
  z.object({ type: z.literal('menu'), menu: pageMenu }),
  /** The page has copied this, for the person's clipboard. */
  z.object({ type: z.literal('copied'), text: z.string(), html: z.string() }),
  /** How often the text that is looked for stands on the page, and which of them is shown, counted from one. */
  z.object({ type: z.literal('found'), text: z.string(), count: z.number(), current: z.number() }),
  /** What sites ask to be allowed, and nobody has decided; denied meanwhile. */
  z.object({ type: z.literal('permissions'), asked: z.array(z.object({ id, name: z.string(), origin: z.string() })) }),
  /** What became of the page whose scripts were to be ended. */
  z.object({ type: z.literal('stopped'), how: z.enum(['stands', 'emptied']) }),
  /** A download has begun, grown or ended. */
  z.object({ type: z.literal('download'), download: viewDownload }),
] as const
