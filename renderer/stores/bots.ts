/** The bots, and what a person does with them. */
import { defineStore } from 'pinia'
import { computed } from 'vue'
import type { BotView } from '../../server/bots/contract/index.ts'
import { useApi, type Body } from '../api/api.ts'
import { useResource } from '../use/use-resource.ts'

export type BotChange = Body<'bots', 'changeBot'>

export const useBots = defineStore('bots', () => {
  const list = useResource({
    read: (signal) => useApi().bots.bots({ signal }),
    resources: ['bots'],
    concerns: ({ room }) => room === 'bots',
  })
  const bots = computed<readonly BotView[]>(() => list.value.value?.bots ?? [])

  function put(bot: BotView): BotView {
    if (list.value.value === null) return bot
    const known = bots.value.some(({ userId }) => userId === bot.userId)
    list.value.value = {
      ...list.value.value,
      bots: known ? bots.value.map((each) => (each.userId === bot.userId ? bot : each)) : [...bots.value, bot],
    }
    return bot
  }

  function drop(userId: string): void {
    if (list.value.value !== null) list.value.value = { ...list.value.value, bots: bots.value.filter((each) => each.userId !== userId) }
  }

  return {
    bots,
    loaded: computed(() => list.value.value !== null),
    error: list.error,
    /** A protocol double stands in for WhatsApp. */
    demo: computed(() => list.value.value?.demo === true),
    refresh: list.refresh,
    byId: (userId: string): BotView | undefined => bots.value.find((bot) => bot.userId === userId),

    link: async (bot: Body<'bots', 'linkBot'>): Promise<BotView> => put(await useApi().bots.linkBot({ body: bot })),
    change: async (userId: string, change: BotChange): Promise<BotView> =>
      put(await useApi().bots.changeBot({ params: { userId }, body: change })),
    start: async (userId: string): Promise<BotView> => put(await useApi().bots.startBot({ params: { userId } })),
    stop: async (userId: string): Promise<BotView> => put(await useApi().bots.stopBot({ params: { userId } })),
    /** A new code, after the phone has ended the link. */
    pairAgain: async (userId: string): Promise<BotView> => put(await useApi().bots.pairBot({ params: { userId } })),
    /** The code of the passkey ceremony is the one that the phone shows. */
    confirmPasskey: async (userId: string): Promise<BotView> => put(await useApi().bots.confirmPasskey({ params: { userId } })),
    restart: async (userId: string): Promise<BotView> => put(await useApi().bots.restartBot({ params: { userId } })),
    async unlink(userId: string): Promise<void> {
      await useApi().bots.unlinkBot({ params: { userId } })
      drop(userId)
    },
    async remove(userId: string): Promise<void> {
      await useApi().bots.removeBot({ params: { userId } })
      drop(userId)
    },
    /** `newest` asks WhatsApp's own page, `own` takes the library's. */
    speakVersion: (version: string) => useApi().bots.setWhatsappVersion({ body: { version } }),
    backUp: (userId: string) => useApi().bots.backUpBot({ params: { userId } }),
    restore: async (userId: string, backup: string): Promise<BotView> =>
      put(await useApi().bots.restoreBot({ params: { userId }, body: { backup } })),
    backupFile: (userId: string, backup: string, passphrase: string) =>
      useApi().bots.backupFile({ params: { userId, backup }, body: { passphrase } }),
    bringIn: (file: string, passphrase: string) => useApi().bots.bringIn({ body: { file, passphrase } }),
    takeOver: async (link: Body<'bots', 'takeOver'>): Promise<BotView> => put((await useApi().bots.takeOver({ body: link })).bot),
    report: (userId: string) => useApi().bots.botReport({ params: { userId } }),
    clearLog: async (userId: string): Promise<void> => void (await useApi().bots.clearLog({ params: { userId } })),
    send: (userId: string, to: string, text: string) => useApi().bots.sendMessage({ params: { userId }, body: { to, type: 'text', text } }),
    /** Only in the demo. */
    pretendPhone: (phoneNumber: string, with_: { code?: string; qr?: string }) =>
      useApi().bots.pretendPhone({ body: { phoneNumber, ...with_ } }),
  }
})
