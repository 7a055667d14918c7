/** What logins there are, as data. */
import { defineStore } from 'pinia'
import { computed } from 'vue'
import { useApi, type Body } from '../api/api.ts'
import { useResource } from '../use/use-resource.ts'

type Api = ReturnType<typeof useApi>
export type SiteProfileView = Awaited<ReturnType<Api['control']['siteProfiles']>>['profiles'][number]
export type SentSiteProfile = Body<'control', 'putSiteProfile'>

export const useSiteProfiles = defineStore('site-profiles', () => {
  const { value, error, refresh } = useResource({
    read: async (signal) => (await useApi().control.siteProfiles({ signal })).profiles,
    resources: ['site-profiles', 'profiles'],
    concerns: ({ type }) => type.startsWith('profile') || type.startsWith('site-profile'),
  })

  return {
    all: computed<SiteProfileView[]>(() => value.value ?? []),
    loaded: computed(() => value.value !== null),
    error,
    refresh,
    async put(name: string, profile: SentSiteProfile): Promise<void> {
      await useApi().control.putSiteProfile({ params: { name }, body: profile })
      await refresh()
    },
    async remove(name: string): Promise<void> {
      await useApi().control.removeSiteProfile({ params: { name } })
      await refresh()
    },
  }
})
