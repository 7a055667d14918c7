/** What the panel and the large page have in common: the session they show, what is known of it, and what a person does with it. */
import { computed, ref, toRef, watch, type MaybeRefOrGetter, type Ref } from 'vue'
import { bytesOf, saveFile } from '../../files/save-file.ts'
import { useBrowsers } from '../../stores/browsers.ts'
import { useReportedAction } from '../../use/use-action.ts'
import { useSessionDetail } from './session-detail.ts'
import { sessionName, sessionPresentation } from './session-presentation.ts'

/** What is asked of the live view that shows it. */
export interface ShowingView {
  control: 'you' | 'other' | 'nobody'
}

export function useShownSession(givenId: MaybeRefOrGetter<string>, view: Readonly<Ref<ShowingView | null>>) {
  const id = toRef(givenId)
  const browsers = useBrowsers()
  const { run: attempt } = useReportedAction()
  const { detail, gone, error, refresh } = useSessionDetail(id)

  const session = computed(() => detail.value?.session ?? browsers.byId(id.value))
  const name = computed(() => (session.value === undefined ? 'session' : sessionName(session.value)))
  /** Its browser is gone, its login is kept. */
  const asleep = computed(() => session.value?.state === 'hibernated')
  /** What to tell of one that is gone; why a browser died is the crash card's to say. */
  const farewell = computed(() =>
    asleep.value && session.value?.endReason === 'crashed'
      ? 'Its browser was lost, its login is kept.'
      : (session.value?.reason ?? 'Its browser and its files are gone.'),
  )
  const presentation = computed(() => sessionPresentation(gone.value && !asleep.value ? 'closed' : (session.value?.state ?? 'starting')))
  /** There is a page to look at. */
  const live = computed(
    () => !gone.value && session.value !== undefined && !['starting', 'closing', 'closed'].includes(session.value.state),
  )
  /** As the live view says it, which hears of it first. */
  const shownUrl = ref<string | null>(null)
  watch(id, () => (shownUrl.value = null))
  const url = computed(() => shownUrl.value ?? session.value?.currentUrl ?? '')
  const mine = computed(() => view.value?.control === 'you')
  const others = computed(() => view.value?.control === 'other')

  /** What is being typed in the address field; null while it shows where the page is. */
  const address = ref<string | null>(null)
  async function go(): Promise<void> {
    const typed = (address.value ?? '').trim()
    address.value = null
    if (typed === '' || typed === url.value) return
    const to = /^[a-z]+:\/\//i.test(typed) ? typed : `https://${typed}`
    await attempt('The page did not go there', () => browsers.navigate(id.value, { address: to }))
  }
  const moves = { back: 'The page did not go back', forward: 'The page did not go forward', reload: 'The page was not reloaded' } as const
  const move = (action: keyof typeof moves): Promise<boolean> => attempt(moves[action], () => browsers.navigate(id.value, { action }))

  async function savePicture(): Promise<void> {
    await attempt('No picture was taken', async () => {
      const picture = bytesOf(await browsers.screenshot(id.value))
      saveFile(`${name.value}-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.png`, picture, 'image/png')
    })
  }

  /** A browser that hangs or died may be had anew with the same login. */
  const restartable = computed(
    () =>
      session.value !== undefined &&
      (session.value.state === 'not-responding' || (gone.value && !asleep.value && session.value.endReason === 'crashed')),
  )
  const restarting = ref(false)
  /** Resolves with the id of the session that takes its place; null when there is none, which is told. */
  async function restart(): Promise<string | null> {
    let next: string | null = null
    restarting.value = true
    await attempt('The session was not restarted', async () => (next = (await browsers.restart(id.value)).id))
    restarting.value = false
    return next
  }

  const wake = (): Promise<boolean> => attempt('The session was not woken', () => browsers.wake(id.value))
  const hibernate = (): Promise<boolean> => attempt('The session was not put to sleep', () => browsers.hibernate(id.value))

  return {
    ...{ asleep, farewell, wake, hibernate },
    ...{ detail, gone, error, refresh, session, name, presentation, live, shownUrl, url, mine, others },
    ...{ address, go, move, savePicture, restartable, restarting, restart, attempt },
  }
}
