/** A site while it is edited: its login, or one of its operations, as steps in their order, and all that stands beside them. */
import { computed, reactive, ref, watch, type Ref } from 'vue'
import { siteProfile, type SiteStep } from '../../../../server/browsers/contract/index.ts'
import { ApiError } from '../../../api/api-error.ts'
import { useSiteProfiles } from '../../../stores/site-profiles.ts'
import { missingIn } from './operation-output.ts'
import {
  changesIn,
  draftOf,
  placeOf,
  problemOf,
  profileOf,
  refusalOf,
  type Operation,
  type Refusal,
  type StepsDraft,
} from './steps-draft.ts'

const emptySite = { ...siteProfile.parse({ name: 'site', title: 'Site', kind: 'none', address: null }), builtIn: false }

const incomplete = (issues: { field: string; message: string }[]): ApiError =>
  new ApiError(400, 'profile-invalid', issues[0]?.message ?? 'The site is not complete', issues)

export function useSiteDraft(name: Ref<string>) {
  const profiles = useSiteProfiles()
  const profile = computed(() => profiles.all.find((one) => one.name === name.value) ?? null)
  const draft = reactive<StepsDraft>(draftOf(emptySite))
  /** The operation whose steps are edited; null for the login. */
  const scope = ref<string | null>(null)
  /** The step that is edited, from 0. */
  const chosen = ref(0)
  const refusal = ref<Refusal | null>(null)
  const begin = (): void => void (profile.value !== null && Object.assign(draft, draftOf(profile.value)))
  watch(() => profile.value?.name, begin, { immediate: true })

  const operations = computed(() => draft.more.operations)
  const operation = computed<Operation | null>(() => (scope.value === null ? null : (operations.value[scope.value] ?? null)))
  watch(operation, (now) => now === null && (scope.value = null))
  watch(scope, () => (chosen.value = 0))
  function setOperation(changed: Operation): void {
    if (scope.value !== null) draft.more = { ...draft.more, operations: { ...operations.value, [scope.value]: changed } }
  }
  const steps = computed<SiteStep[]>({
    get: () => operation.value?.steps ?? draft.steps,
    set(changed) {
      if (operation.value === null) draft.steps = changed
      else setOperation({ ...operation.value, steps: changed })
    },
  })
  const setStep = (index: number, step: SiteStep): void => void (steps.value = steps.value.with(index, step))

  const areBroken = (all: readonly SiteStep[]): boolean => all.some((step) => problemOf(step) !== null)
  /** What is shown cannot be tried; something cannot be saved. */
  const isBrokenHere = computed(() => areBroken(steps.value))
  const isBroken = computed(() => areBroken([...draft.steps, ...Object.values(operations.value).flatMap((one) => one.steps)]))
  /** What `{name}` may stand for in these steps. */
  const names = computed(() => [
    ...Object.keys(operation.value?.inputs ?? {}),
    ...['username', 'password', ...(draft.more.totp === null ? [] : ['totp']), ...Object.keys(draft.more.fields)],
  ])

  /** As it stands. Throws an `ApiError` that names what is not complete. */
  function edited(shown: StepsDraft = draft) {
    if (profile.value === null) throw new Error('The site is not known yet')
    for (const [one, { read }] of Object.entries(shown.more.operations)) {
      const missing = missingIn(read)
      if (missing !== null) throw incomplete([{ field: `operations.${one}.read`, message: `${one}: ${missing}` }])
    }
    const { data, error } = siteProfile.safeParse({ ...profileOf(profile.value, shown), name: name.value })
    if (data !== undefined) return data
    throw incomplete(error.issues.map(({ path, message }) => ({ field: path.join('.'), message: `${path.join('.')}: ${message}` })))
  }
  /** As it stands, for trying out the login or this operation; what of the others is not complete yet is left out. */
  function tried(of: string | null) {
    const isMeant = ([one, { read, steps: all }]: [string, Operation]): boolean =>
      one === of || (missingIn(read) === null && all.every((step) => problemOf(step) === null))
    return edited({ ...draft, more: { ...draft.more, operations: Object.fromEntries(Object.entries(operations.value).filter(isMeant)) } })
  }
  /** Shows at its place what is not accepted. */
  async function named<T>(work: () => Promise<T>): Promise<T> {
    refusal.value = null
    try {
      return await work()
    } catch (error) {
      refusal.value = refusalOf(error)
      const place = placeOf(refusal.value?.field ?? '')
      if (place !== null) {
        scope.value = place.operation
        await Promise.resolve()
        chosen.value = place.step
      }
      throw error
    }
  }
  async function save(): Promise<void> {
    const saved = JSON.stringify(draft)
    await named(() => profiles.put(name.value, edited()))
    // What was sealed is not shown any more; what was edited meanwhile is.
    if (JSON.stringify(draft) === saved) begin()
  }

  return {
    ...{
      profile,
      draft,
      scope,
      operation,
      setOperation,
      steps,
      setStep,
      chosen,
      names,
      isBroken,
      isBrokenHere,
      refusal,
      edited,
      tried,
      named,
      save,
    },
    isMissing: computed(() => profiles.loaded && profile.value === null),
    changes: computed(() => (profile.value === null ? 0 : changesIn(profile.value, draft))),
    /** Why the server does not take a step. */
    refusedStep(index: number): string | null {
      const place = placeOf(refusal.value?.field ?? '')
      return place?.operation === scope.value && place.step === index ? (refusal.value?.message ?? null) : null
    },
  }
}

export type SiteDraft = ReturnType<typeof useSiteDraft>
