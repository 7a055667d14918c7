/** The ways out of each kind of trouble: the first is the main button, a second stands beside it quietly. */
import { useRouter } from 'vue-router'
import { apiNames, type ApiName } from '../../../server/http/contract.ts'
import type { AttentionItem } from '../../../server/room-report.ts'
import { useApi } from '../../api/api.ts'
import { roomPresentations } from '../../presentation/rooms.ts'
import { words } from '../../presentation/words.ts'
import { say } from '../../../words/words.ts'
import { useApis } from '../../stores/apis.ts'
import { useBrowsers } from '../../stores/browsers.ts'
import { useOverview } from '../../stores/overview.ts'

const labels = words.window.actions

export interface AttentionAction {
  label: string
  run(): Promise<void>
}

export function useAttentionActions(): (item: AttentionItem) => AttentionAction[] {
  const router = useRouter()
  const apis = useApis()
  const overview = useOverview()
  const browsers = useBrowsers()
  const go = (label: string, to: string): AttentionAction => ({ label, run: async () => void (await router.push(to)) })
  const then = (run: () => Promise<unknown>) => async () => {
    await run()
    await overview.refresh()
  }

  return (item) => {
    const api = apiOf(item)
    const view = apis.byName(api)
    switch (item.action) {
      case 'use-free-port':
      case 'retry-port': {
        const free = view?.freePort ?? null
        const retry = { label: labels.tryAgain, run: then(() => apis.startApi(api)) }
        if (free === null || item.action === 'retry-port') return [retry, go(labels.changePort, '/settings/network')]
        return [{ label: say(labels.usePort, { port: free }), run: then(() => apis.changeApi(api, { port: free })) }, retry]
      }
      case 'close-to-machine':
        return [
          { label: labels.closeToMachine, run: then(() => apis.changeApi(api, { openTo: 'machine' })) },
          { label: labels.askForKey, run: then(() => apis.changeApi(api, { insecureNoKey: false })) },
        ]
      case 'take-over':
        return [go(labels.takeOver, sessionPage(item, '&take-over')), go(labels.details, sessionPage(item))]
      case 'restart-session':
        return item.subject === null
          ? []
          : [{ label: labels.restart, run: then(() => browsers.restart(item.subject ?? '')) }, go(labels.details, sessionPage(item))]
      case 'find-chromium':
        return [{ label: labels.lookAgain, run: then(() => useApi().browsers.findChromium()) }, go(labels.choose, '/settings/browsers')]
      case 'install-chromium':
        return [go(labels.installChromium, '/settings/browsers?install')]
      case 'restart-room':
        return [{ label: labels.tryAgain, run: then(() => restartRoom(item)) }]
      case 'retry-sealing-key':
        return [{ label: labels.tryAgain, run: then(() => useApi().control.retrySealing({})) }, go(labels.details, '/settings/data')]
      case 'give-up-locked':
        return [go(labels.review, '/settings/data')]
      case 'open-webhooks':
        return [go(labels.details, `/bots/${encodeURIComponent(item.subject ?? '')}/webhooks`)]
      case 'answer-call':
        return [go(labels.review, '/relay?tab=sessions')]
      case 'review-settings':
        return [item.room === 'brokers' ? go(labels.changePort, '/settings/network') : go(labels.review, '/settings/security')]
      case null:
        return [go(item.room === 'browsers' || item.room === 'bots' ? labels.details : labels.review, pageOf(item))]
    }
  }
}

async function restartRoom({ room }: AttentionItem): Promise<void> {
  if (room !== 'control') await useApi().control.restartRoom({ params: { name: room } })
}

/** The API an item is about: named by its subject, else the room it comes from. */
function apiOf(item: AttentionItem): ApiName {
  return apiNames.find((name) => name === item.subject) ?? item.room
}

/** Where a person can look into it: the thing itself on its room's page, or that page. */
function pageOf(item: AttentionItem): string {
  const { route, opens: thing } = roomPresentations[item.room]
  const page = route ?? '/settings/general'
  return thing === null || item.subject === null ? page : `${page}?${thing}=${encodeURIComponent(item.subject)}`
}

function sessionPage(item: AttentionItem, more = ''): string {
  return item.subject === null ? '/browsers' : `/browsers?session=${encodeURIComponent(item.subject)}${more}`
}
