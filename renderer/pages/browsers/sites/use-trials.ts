/** The trials of one site, read as they go on, and what a person does with them. */
import { computed, ref, type Ref } from 'vue'
import type { Trial } from '../../../../server/browsers/contract/index.ts'
import { useApi, type Body } from '../../../api/api.ts'
import { useResource } from '../../../use/use-resource.ts'

export type TrialStart = Body<'browsers', 'startTrial'>

export function useTrials(site: Ref<string>) {
  const { value, refresh } = useResource<Trial[], string>({
    key: () => site.value,
    read: async (signal, key) => (await useApi().browsers.trials({ query: { site: key }, signal })).trials,
    resources: ['site-trials'],
  })
  /** The one that is looked at; the latest while none is chosen. */
  const chosen = ref<string | null>(null)
  const all = computed(() => value.value ?? [])
  const trial = computed(() => all.value.find(({ id }) => id === chosen.value) ?? all.value[0] ?? null)
  async function began(work: Promise<{ trial: Trial }>): Promise<void> {
    chosen.value = (await work).trial.id
    await refresh()
  }
  return {
    all,
    trial,
    chosen,
    start: (body: TrialStart) => began(useApi().browsers.startTrial({ body })),
    goOn: (id: string, body: Body<'browsers', 'continueTrial'>) => began(useApi().browsers.continueTrial({ params: { trial: id }, body })),
    end: (id: string) => useApi().browsers.endTrial({ params: { trial: id } }),
  }
}
