/** What a person who drives does on one page beside mouse and keyboard: choosing in lists and pickers, and handing it files. */
import type { CDPSession, Page, Protocol } from 'puppeteer-core'
import { randomUUID } from 'node:crypto'
import type { ViewNotice } from '../contract/live-view-messages.ts'
import { openFrameWorlds, type World } from './frame-worlds.ts'
import { createFinder } from './find-in-page.ts'
import { handsName, installHands, type Pasted, type Told, type ToldChoice } from './hands-script.ts'
import { installTeller } from './page-teller-script.ts'

export interface Point {
  x: number
  y: number
}

export interface PageHandsOptions {
  page: Page
  notify(notice: ViewNotice): void
  problem(message: string): void
  /** Where the person has pressed last, in CSS px of the page. */
  pressedAt(): Point | null
}

export interface PageHands {
  choose(choice: string, value: string | null): void
  /** The paths of the files; none when the person gives none. */
  giveFiles(chooser: string, paths: readonly string[]): void
  /** Resolves when the page has it. */
  paste(pasted: Pasted): Promise<void>
  /** Of the process of the frame in which the keyboard's place is; null for the page's own. */
  readonly keyboard: CDPSession | null
  /** Resolves when they are laid on the page, or it has gone. */
  readonly laid: Promise<unknown>
  find(text: string, backward: boolean): Promise<void>
  /** The picture on which the last menu was opened. Rejects when it cannot be had. */
  readImage(): Promise<{ address: string; content: Buffer } | null>
  close(): void
}

export function openPageHands({ page, notify, problem, pressedAt }: PageHandsOptions): PageHands {
  const choosers = new Map<string, { cdp: CDPSession; node: number }>()
  /** The last one alone can be open. */
  let choice: { id: string; world: World } | null = null
  let keyboard: CDPSession | null = null
  /** Into which the keyboard's place has come last. */
  let entered: World | null = null
  let image: { world: World; address: string } | null = null
  const worlds = openFrameWorlds(page, {
    name: handsName,
    script: installHands,
    beside: installTeller,
    told,
    attached(cdp) {
      cdp.on('Page.fileChooserOpened', (opened) => void onChooser(cdp, opened).catch(() => undefined))
      cdp.send('Page.setInterceptFileChooserDialog', { enabled: true }).catch(() => undefined)
    },
  })

  const finder = createFinder(worlds)

  return {
    choose(id, value) {
      if (choice?.id !== id) return
      const { world } = choice
      choice = null
      if (value !== null) void worlds.call(world, 'choose', id, value)
    },
    giveFiles(id, paths) {
      const chooser = choosers.get(id)
      if (chooser === undefined) return problem('The page does not ask for files any more')
      choosers.delete(id)
      const given = paths.length === 0 ? cancel(chooser) : setFiles(chooser, paths)
      given.catch(() => problem('The page did not take the files'))
    },
    async paste(pasted) {
      const world = await focused()
      if (world !== null) await worlds.call(world, 'paste', pasted)
    },
    laid: worlds.laid,
    get keyboard() {
      return keyboard !== null && !keyboard.detached ? keyboard : null
    },
    async find(text, backward) {
      notify({ type: 'found', ...(await finder.find(text, backward)) })
    },
    readImage: async () => (image === null ? null : { address: image.address, content: await contentOf(image) }),
    close() {
      void finder.find('', false)
      worlds.close()
    },
  }

  function told(message: unknown, world: World): void {
    // Of our own script, in a world that the site does not reach.
    const told = message as Told | null
    switch (told?.type) {
      case 'choice':
        return onChoice(told, world)
      case 'focus':
        entered = world
        keyboard = worlds.all()[0]?.cdp === world.cdp ? null : world.cdp
        return
      case 'copied':
        return notify(told)
      case 'menu': {
        const { pointer, type, ...on } = told
        image = on.image === '' ? null : { world, address: on.image }
        return notify({ type, menu: { ...on, ...(pressedAt() ?? pointer) } })
      }
    }
  }

  /** The frame in which the keyboard's place is. */
  async function focused(): Promise<World | null> {
    const asked = await Promise.all(worlds.all().map(async (world) => ({ world, focus: Number(await worlds.call(world, 'focus')) })))
    // A page hears late that the keyboard has gone into a frame of another process: for a moment both have it.
    const both = asked.filter(({ focus }) => focus === 2)
    const last = both.length > 1 ? both.find(({ world }) => world === entered) : undefined
    return (last ?? asked.sort((a, b) => b.focus - a.focus)[0])?.world ?? null
  }

  function onChoice({ type, pointer, frame, place, ...asked }: ToldChoice, world: World): void {
    choice = { id: asked.id, world }
    const pressed = pressedAt()
    // By how the same press looks to the page and to the frame, wherever that frame is drawn.
    const offset = pointer !== null && pressed !== null ? { x: pressed.x - pointer.x, y: pressed.y - pointer.y } : (frame ?? { x: 0, y: 0 })
    notify({ type, choice: { ...asked, place: { ...place, x: place.x + offset.x, y: place.y + offset.y } } })
  }

  async function onChooser(cdp: CDPSession, { mode, backendNodeId }: Protocol.Page.FileChooserOpenedEvent): Promise<void> {
    if (backendNodeId === undefined) return problem('The page asks for a file in a way that cannot be answered from here')
    const id = randomUUID()
    const accept = await readAccept(cdp, backendNodeId)
    choosers.set(id, { cdp, node: backendNodeId })
    notify({ type: 'chooser', chooser: id, multiple: mode === 'selectMultiple', accept })
  }
}

/** As the page has it: asked for again, a site may give another one. */
async function contentOf({ world: { cdp, frame }, address }: { world: World; address: string }): Promise<Buffer> {
  const inline = /^data:[^,]*?(;base64)?,([^]*)$/.exec(address)
  if (inline !== null)
    return inline[1] === undefined ? Buffer.from(decodeURIComponent(inline[2] ?? '')) : Buffer.from(inline[2] ?? '', 'base64')
  const { content, base64Encoded } = await cdp.send('Page.getResourceContent', { frameId: frame, url: address })
  return Buffer.from(content, base64Encoded ? 'base64' : 'utf8')
}

async function setFiles({ cdp, node }: { cdp: CDPSession; node: number }, paths: readonly string[]): Promise<void> {
  await cdp.send('DOM.setFileInputFiles', { files: [...paths], backendNodeId: node })
}

/** As a browser does when the person closes the dialog. */
async function cancel({ cdp, node }: { cdp: CDPSession; node: number }): Promise<void> {
  await onNode(cdp, node, 'function () { this.dispatchEvent(new Event("cancel", { bubbles: true })) }')
}

async function readAccept(cdp: CDPSession, node: number): Promise<string> {
  const accept = await onNode(cdp, node, 'function () { return this.accept ?? "" }').catch(() => '')
  return typeof accept === 'string' ? accept.slice(0, 500) : ''
}

async function onNode(cdp: CDPSession, node: number, functionDeclaration: string): Promise<unknown> {
  const { object } = await cdp.send('DOM.resolveNode', { backendNodeId: node })
  if (object.objectId === undefined) return null
  const { result } = await cdp.send('Runtime.callFunctionOn', { objectId: object.objectId, functionDeclaration, returnByValue: true })
  return result.value
}
