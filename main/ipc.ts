/** The calls of the window: each comes from our own page's main frame, has a valid argument, and gets an answer or a reason. */
import type { IpcMain } from 'electron'
import { z } from 'zod'
import { Fault } from '../server/fault.ts'
import { channelOf, schema, type ArgumentOf, type CallName, type Handlers, type Reply } from '../preload/schema.ts'
import { isOurPage } from './security.ts'

/** The compiler asks for one entry per call, so a new call cannot be forgotten here. */
const argumentSchemas: { readonly [Name in CallName]: z.ZodType<ArgumentOf<Name>> } = {
  getConnection: z.void(),
  getDesktopInfo: z.void(),
  openExternal: z.string().max(4_096),
  openDataFolder: z.void(),
  openSessionWindow: z.string().regex(/^session_[0-9A-Za-z_-]{1,80}$/),
  copyText: z.string().max(1_000_000),
  setTheme: z.enum(['system', 'light', 'dark']),
  getAutostart: z.void(),
  setAutostart: z.boolean(),
  notify: z.object({
    title: z.string().min(1).max(200),
    text: z.string().max(1_000),
    path: z
      .string()
      .regex(/^\/[\w\-/]{0,200}$/)
      .optional(),
  }),
}

export interface IpcParts {
  ipcMain: CallListener
  /** Origin of our page. */
  origin: string
  handlers: Handlers
  /** Told of a refused or failed call. */
  log(facts: { call: string; error?: unknown }, message: string): void
}

/** Returns what takes the handlers away. */
export function bindIpc({ ipcMain, origin, handlers, log }: IpcParts): () => void {
  // Object.keys forgets that the names are the schema's; a notice is not a call and has no handler.
  const names = (Object.keys(schema) as (keyof typeof schema)[]).filter((name): name is CallName => schema[name].kind === 'call')
  for (const name of names) {
    ipcMain.handle(channelOf(name), async (event, argument): Promise<Reply> => {
      if (!isOurFrame(event, origin)) {
        log({ call: name }, 'Refused a call that did not come from the window')
        return { ok: false, message: 'Not allowed' }
      }
      return answer(name, argument, handlers, log)
    })
  }
  return () => {
    for (const name of names) ipcMain.removeHandler(channelOf(name))
  }
}

async function answer<Name extends CallName>(name: Name, argument: unknown, handlers: Handlers, log: IpcParts['log']): Promise<Reply> {
  const argumentSchema: z.ZodType<ArgumentOf<Name>> = argumentSchemas[name]
  const checked = argumentSchema.safeParse(argument)
  if (!checked.success) {
    log({ call: name }, 'Refused a call with a bad argument')
    return { ok: false, message: `The argument of ${name} is not valid` }
  }
  try {
    return { ok: true, value: await handlers[name](checked.data) }
  } catch (error) {
    log({ call: name, error }, 'A call of the window failed')
    // A fault's words are made to be shown; anything else may hold a path or worse.
    return { ok: false, message: error instanceof Fault ? error.message : 'That did not work. The log has the reason.' }
  }
}

/** A frame inside our page, or a page that is not ours, has no business here. */
function isOurFrame({ sender, senderFrame }: CallEvent, origin: string): boolean {
  return senderFrame !== null && senderFrame === sender.mainFrame && isOurPage(senderFrame.url, origin)
}

interface CallEvent {
  readonly sender: { readonly mainFrame: unknown }
  readonly senderFrame: { readonly url: string } | null
}

interface CallListener extends Pick<IpcMain, 'removeHandler'> {
  handle(channel: string, listener: (event: CallEvent, argument: unknown) => Promise<Reply>): void
}
