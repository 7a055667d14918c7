/** How chats are sorted: pinned, archived, muted, marked as unread, labelled; on the phone as well. */
import type { DropdownMenuItem } from '@nuxt/ui'
import { shallowRef, watch } from 'vue'
import type { BotView } from '../../../../../server/bots/contract/index.ts'
import { useApi, type Body } from '../../../../api/api.ts'
import { useReportedAction } from '../../../../use/use-action.ts'
import type { ChatRow } from '../use-chats.ts'

type Change = Body<'bots', 'changeChat'>

const hour = 3_600_000
const times = [
  ['8 hours', 8 * hour],
  ['A week', 7 * 24 * hour],
] as const

export function useSorting(bot: () => BotView, changed: () => unknown) {
  const { run } = useReportedAction()
  /** Names by id. */
  const labels = shallowRef<ReadonlyMap<string, string>>(new Map())

  async function readLabels(): Promise<void> {
    const known = await useApi()
      .bots.labels({ params: { userId: bot().userId } })
      .then(
        (answer) => answer.labels,
        // An account without labels has none to show.
        () => [],
      )
    labels.value = new Map(known.map(({ id, name }) => [id, name]))
  }
  watch(() => bot().userId, readLabels, { immediate: true })

  const params = (row: ChatRow) => ({ userId: bot().userId, chat: row.chat })
  function act(work: () => Promise<unknown>): void {
    void run('The chat was not sorted', async () => {
      await work()
      await changed()
    })
  }
  const change = (row: ChatRow, body: Change) => act(() => useApi().bots.changeChat({ params: params(row), body }))

  function menuOf(row: ChatRow): DropdownMenuItem[][] {
    const disabled = bot().state !== 'online'
    const muted = row.mutedUntil !== null
    const marked = row.markedUnread || row.unread > 0
    return [
      [
        {
          ...{ disabled, label: row.pinned ? 'Unpin' : 'Pin', icon: row.pinned ? 'i-lucide-pin-off' : 'i-lucide-pin' },
          onSelect: () => change(row, { pinned: !row.pinned }),
        },
        {
          ...{ disabled, label: row.archived ? 'Take out of the archive' : 'Archive' },
          icon: row.archived ? 'i-lucide-archive-restore' : 'i-lucide-archive',
          onSelect: () => change(row, { archived: !row.archived }),
        },
        muted
          ? { disabled, label: 'Unmute', icon: 'i-lucide-bell', onSelect: () => change(row, { mutedUntil: null }) }
          : {
              ...{ disabled, label: 'Mute', icon: 'i-lucide-bell-off' },
              children: [
                ...times.map(([label, ms]) => ({
                  label,
                  onSelect: () => change(row, { mutedUntil: new Date(Date.now() + ms).toISOString() }),
                })),
                { label: 'For good', onSelect: () => change(row, { mutedUntil: 'forever' }) },
              ],
            },
        ...(marked
          ? []
          : [{ disabled, label: 'Mark as unread', icon: 'i-lucide-mail', onSelect: () => change(row, { markedUnread: true }) }]),
        ...(row.markedUnread
          ? [{ disabled, label: 'Mark as read', icon: 'i-lucide-mail-open', onSelect: () => change(row, { markedUnread: false }) }]
          : []),
      ],
      [...labels.value].map(([label, name]) => ({
        ...{ label: name, disabled, type: 'checkbox' as const, checked: row.labels.includes(label) },
        onUpdateChecked(on: boolean) {
          act(() => useApi().bots[on ? 'putLabel' : 'takeLabel']({ params: { ...params(row), label }, query: {} }))
        },
      })),
    ].filter((group) => group.length > 0)
  }

  return {
    menuOf,
    readLabels,
    labelsOf: (row: ChatRow): string[] => row.labels.flatMap((id) => labels.value.get(id) ?? []),
  }
}

/** What is pinned stands first; each part keeps its order. */
export function sorted(rows: readonly ChatRow[]): ChatRow[] {
  return [...rows.filter(({ pinned }) => pinned), ...rows.filter(({ pinned }) => !pinned)]
}
