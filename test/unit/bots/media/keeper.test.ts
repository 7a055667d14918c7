/** What becomes of a file that cannot be kept now: nothing is lost, and what is wrong is said. */
import { expect, test, vi } from 'vitest'
import type { Bot } from '../../../../server/bots/bot/bot.ts'
import { BotFault } from '../../../../server/bots/fault.ts'
import { MediaKeeper, type KeeperParts } from '../../../../server/bots/media/keeper.ts'
import type { ReceivedFile } from '../../../../server/bots/media/received-store.ts'

const keys = {
  kind: 'image',
  mediaKey: '',
  directPath: '/a',
  fileSha256: null,
  fileEncSha256: null,
  size: 5,
  mimetype: '',
  fileName: null,
} as const
const row: ReceivedFile = {
  ...{ number: 1, chat: 'ann', messageId: 'one', at: 0, state: 'waiting', problem: null, size: 5, file: null, tries: 2, nextAt: 0 },
  ...{ keys, fromMe: false, author: 'ann' },
}

function keeperThat(fails: () => Error) {
  const settled: unknown[] = []
  const refusals: string[] = []
  const parts = {
    files: {
      has: () => false,
      write: () => Promise.reject(fails()),
      remove: () => {},
    },
    fileStore: { find: () => undefined },
    store: {
      find: () => row,
      due: () => [],
      nextAt: () => null,
      settle: (_: number, what: unknown) => (settled.push(what), true),
    },
    clock: { now: () => 1_000, monotonic: () => 0 },
    log: { warn: vi.fn() },
    keepingOf: () => ({ keeps: true, kinds: ['image'], budget: 1_000 }),
    onChange: () => {},
    onDiskRefusal: ({ kind }: { kind: string }) => void refusals.push(kind),
    backOff: () => 7,
  }
  // What it asks of a bot, and of its parts while it fetches one file.
  const bot = { row: { userId: 'gate' }, live: { media: { read: () => [] } } } as unknown as Bot
  return { keeper: new MediaKeeper(parts as unknown as KeeperParts), bot, settled, refusals }
}

test.each([
  [
    'a full disk is said, and the file comes when there is room',
    Object.assign(new Error('no space'), { code: 'ENOSPC' }),
    ['full'],
    { state: 'waiting', problem: 'the disk is full', tries: 2, nextAt: 1_007 },
  ],
  ['a busy host is asked again', new BotFault('media-held', 'busy'), [], { state: 'waiting', problem: 'busy', tries: 3, nextAt: 1_007 }],
  [
    'what is not what was sent is not asked for again',
    new BotFault('media-broken', 'broken'),
    [],
    { state: 'refused', problem: 'broken', tries: 3, nextAt: null },
  ],
])('%s', async (_, error, disk, wanted) => {
  const { keeper, bot, settled, refusals } = keeperThat(() => error)
  await expect(keeper.get(bot, 'ann', 'one')).rejects.toBe(error)
  expect(settled).toEqual([expect.objectContaining(wanted)])
  expect(refusals).toEqual(disk)
})
