/**
 * What the devices of an account share beside messages, in sealed patches that build on each other. The library writes a patch and does not
 * look whether it was taken: when another device was first, it goes on as if it had been, and none of its later patches is right. So the
 * answers are listened to here, and a patch that was not taken is written again on what came in between.
 */
import type { BinaryNode, ChatModification, SignalDataTypeMap, WASocket } from 'baileys'
import { createSerialQueue } from '../../../async/serial-queue.ts'
import { reasonOf } from '../../../isolation.ts'
import type { Log } from '../../../log.ts'
import { BotFault } from '../../fault.ts'
import type { Asker } from './asking.ts'
import { childOf, childrenOf } from './nodes.ts'

type Library = Pick<typeof import('baileys'), 'ALL_WA_PATCH_NAMES'>
type Versions = Record<string, SignalDataTypeMap['app-state-sync-version']>

export interface AppState {
  /** Throws `phone-keys-missing`, `settings-conflict`, and what `Asker` does. */
  change(change: ChatModification, chat: string): Promise<void>
  /** False while what is heard is what held before this device was there. */
  readonly isNews: boolean
}

const mostTries = 4

export function createAppState(library: Library, socket: WASocket, { ask }: Asker, log: Log): AppState {
  const { authState, ev, ws } = socket
  const names = [...library.ALL_WA_PATCH_NAMES]
  const inOrder = createSerialQueue()
  let refused = new Set<string>()
  let isNews = true
  let hasBegun = false

  ws.prependListener('frame', (frame: BinaryNode | Uint8Array) => {
    if (!(frame instanceof Uint8Array)) endAsking(frame, names)
  })
  ws.on('CB:iq,,sync', ({ content }: BinaryNode) => {
    const sync = Array.isArray(content) ? content.find(({ tag }) => tag === 'sync') : undefined
    for (const { attrs } of Array.isArray(sync?.content) ? sync.content : [])
      if (attrs['type'] === 'error') refused.add(attrs['name'] ?? '')
  })
  const versions = async (): Promise<Versions> => authState.keys.get('app-state-sync-version', names)

  async function tryChange(change: ChatModification, chat: string): Promise<boolean> {
    const before = await versions()
    refused = new Set()
    await ask(() => socket.chatModify(change, chat))
    if (refused.size === 0) return true
    // As if it had never been written.
    await authState.keys.set({ 'app-state-sync-version': Object.fromEntries([...refused].map((name) => [name, before[name] ?? null])) })
    return false
  }

  /** The library does this by itself only where it waits for a history that is not wanted here. */
  async function begin(): Promise<void> {
    if (hasBegun || authState.creds.myAppStateKeyId == null) return
    hasBegun = true
    const known = await versions()
    const missing = library.ALL_WA_PATCH_NAMES.filter((name) => known[name] == null)
    if (missing.length === 0) return
    isNews = false
    try {
      await ask(() => socket.resyncAppState(missing, false))
      ev.flush()
    } finally {
      isNews = true
    }
  }
  const beginSoon = (): void => {
    inOrder.run(begin).catch((error: unknown) => {
      hasBegun = false
      log.warn({ error: reasonOf(error) }, 'how the phone sorts its chats could not be had')
    })
  }
  ev.on('connection.update', ({ connection }) => {
    if (connection === 'open') beginSoon()
  })
  ev.on('creds.update', ({ myAppStateKeyId }) => {
    if (myAppStateKeyId != null) beginSoon()
  })

  return {
    change: (change, chat) =>
      inOrder.run(async () => {
        for (let tries = 0; tries < mostTries; tries += 1) if (await tryChange(change, chat)) return
        throw new BotFault('settings-conflict', 'Other devices of the account change the same at the moment')
      }),
    get isNews() {
      return isNews
    },
  }
}

/**
 * The library asks again as long as an answer says that there is more, or says nothing of what was asked: without a pause, and nothing else
 * is sent or read meanwhile. Where nothing has come there is no more.
 */
function endAsking(answer: BinaryNode, names: readonly string[]): void {
  const sync = answer.tag === 'iq' ? childOf(answer, 'sync') : undefined
  if (sync === undefined) return
  const said = childrenOf(sync, 'collection')
  for (const collection of said) {
    const hasCome =
      childOf(collection, 'snapshot') !== undefined || childrenOf(childOf(collection, 'patches') ?? collection, 'patch').length > 0
    if (!hasCome) collection.attrs['has_more_patches'] = 'false'
  }
  const unsaid = names.filter((name) => !said.some(({ attrs }) => attrs['name'] === name))
  sync.content = [...childrenOf(sync), ...unsaid.map((name) => ({ tag: 'collection', attrs: { name } }))]
}
