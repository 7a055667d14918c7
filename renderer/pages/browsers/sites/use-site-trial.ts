/** Trying a site out from the editor: its login, its operations, and picking elements from the page that stays open. */
import { computed, ref, shallowRef, watch, type Ref } from 'vue'
import type { Trial } from '../../../../server/browsers/contract/index.ts'
import { useReportedAction } from '../../../use/use-action.ts'
import type { Picking } from './picking.ts'
import { useTrials } from './use-trials.ts'
import type { SiteDraft } from './use-site-draft.ts'

export interface TriedAs {
  username: string
  password: string
  captchaApiKey?: string
  address?: string
}

const isOver = ({ ms }: Trial): boolean => ms !== null

export function useSiteTrial(name: Ref<string>, site: SiteDraft) {
  const action = useReportedAction()
  const trials = useTrials(name)
  const { trial } = trials
  /** The part of the trial that is looked at: `opening`, `arrival`, or the number of a step from 0. */
  const part = ref('opening')
  const asking = ref(false)
  const picking = shallowRef<Picking | null>(null)
  /** What operations are tried with. */
  const given = ref<Record<string, Record<string, string>>>({})
  /** Done as soon as a trial has passed. */
  let afterwards: ((passed: boolean) => void) | null = null

  // What fails is what one wants to see.
  watch(
    () => trial.value?.steps.findIndex(({ state }) => state === 'failed' || state === 'waiting' || state === 'running'),
    (index) => index !== undefined && index >= 0 && (part.value = String(index)),
  )
  watch(
    () => trial.value?.arrival?.state,
    (state) => state !== undefined && (part.value = 'arrival'),
  )
  watch(
    () => trial.value !== null && isOver(trial.value) && `${trial.value.id} ${trial.value.state}`,
    (over) => {
      if (over === false) return
      const next = afterwards
      afterwards = null
      next?.(trial.value?.state === 'passed')
    },
  )

  /** There is something that only a person knows. */
  const asksAddress = computed(() => site.draft.address.trim() === '')
  const asksWho = computed(() => site.draft.steps.length > 0 || /\{(username|password)\}/.test(JSON.stringify(site.draft.more)))
  function ask(then: ((passed: boolean) => void) | null = null): void {
    afterwards = then
    if (asksAddress.value || asksWho.value) asking.value = true
    else void action.run('The site was not tried', () => begin({ username: '', password: '' }))
  }
  async function begin(as: TriedAs): Promise<void> {
    part.value = 'opening'
    picking.value = null
    await site.named(() => trials.start({ profile: site.tried(null), ...as }))
  }

  /** Whose page is open, signed in. */
  const open = computed(() => {
    const last = trial.value
    const isSignedIn = last !== null && last.session !== null && isOver(last) && (last.state === 'passed' || last.operation !== null)
    return isSignedIn ? last : null
  })
  function run(operation: string): void {
    const asked = Object.keys(site.draft.more.operations[operation]?.inputs ?? {})
    const inputs = Object.fromEntries(asked.map((input) => [input, given.value[operation]?.[input] ?? '']))
    const operate = (): Promise<boolean> =>
      action.run('The operation was not run', async () => {
        const on = open.value?.id
        if (on === undefined) return
        part.value = 'opening'
        picking.value = null
        await site.named(() => trials.goOn(on, { profile: site.tried(operation), operation: { name: operation, inputs } }))
      })
    if (open.value === null) ask((passed) => void (passed && operate()))
    else void operate()
  }
  const tryFrom = (from: number) =>
    action.run('The trial did not go on', async () => {
      if (trial.value !== null) await trials.goOn(trial.value.id, { profile: site.tried(null), from })
    })
  const end = () =>
    action.run('The page was not closed', async () => {
      picking.value = null
      if (trial.value !== null) await trials.end(trial.value.id)
    })
  /** Without a page to pick from, the site is tried first. */
  function pick(what: Picking): void {
    if (trial.value?.session != null && isOver(trial.value)) picking.value = what
    else ask(() => (picking.value = trial.value?.session == null ? null : what))
  }
  watch(
    () => trial.value?.session,
    (session) => session == null && (picking.value = null),
  )

  return {
    ...{ trials, trial, part, asking, asksAddress, asksWho, picking, given, ask, begin, run, tryFrom, end, pick },
    tryShown: (): void => (site.scope.value === null ? ask() : run(site.scope.value)),
  }
}

export type SiteTrial = ReturnType<typeof useSiteTrial>
