/** What a person decides of what servers offer: changed definitions, switches of many, groups of tools, profiles of sessions. */
import { defineStore } from 'pinia'
import { computed } from 'vue'
import type { DefinitionChange, ProfileFile, SessionProfile, ToolGroup } from '../../server/relay/contract/index.ts'
import { useApi, type Body } from '../api/api.ts'
import { useResource } from '../use/use-resource.ts'
import { useRelay } from './relay.ts'

export const useRelayOffered = defineStore('relay-offered', () => {
  const api = () => useApi().relay
  const relay = useRelay()
  const shared = { resources: ['relay'], concerns: ({ room }: { room: string }) => room === 'relay' }
  const changes = useResource({ read: async (signal) => (await api().definitionChanges({ signal })).changes, ...shared })
  const groups = useResource({ read: async (signal) => (await api().toolGroups({ signal })).groups, ...shared })
  const profiles = useResource({ read: async (signal) => (await api().sessionProfiles({ signal })).profiles, ...shared })
  /** What is shown of servers and sessions depends on it. */
  const renew = (): Promise<unknown> => Promise.all([relay.refresh(), changes.refresh(), groups.refresh()])

  return {
    changes: computed<readonly DefinitionChange[]>(() => changes.value.value ?? []),
    groups: computed<readonly ToolGroup[]>(() => groups.value.value ?? []),
    profiles: computed<readonly SessionProfile[]>(() => profiles.value.value ?? []),

    /** Returns how many were changed. */
    async change(body: Body<'relay', 'changeOffered'>): Promise<number> {
      const { changed } = await api().changeOffered({ body })
      await renew()
      return changed
    },
    async agree(id: string): Promise<void> {
      await api().agreeToUpstream({ params: { id } })
      await renew()
    },
    /** Its texts may change from now on. */
    async trustTexts(id: string, trustTexts: boolean): Promise<void> {
      await useApi().control.changeUpstream({ params: { id }, body: { options: { trustTexts } } })
      await renew()
    },

    async saveGroup(id: string | null, body: Body<'relay', 'createToolGroup'>): Promise<void> {
      await (id === null ? api().createToolGroup({ body }) : api().changeToolGroup({ params: { id }, body }))
      await renew()
    },
    async removeGroup(id: string): Promise<void> {
      await api().removeToolGroup({ params: { id } })
      await renew()
    },

    async saveProfile(name: string, session: string): Promise<void> {
      await api().createSessionProfile({ body: { name, session } })
      await profiles.refresh()
    },
    async removeProfile(id: string): Promise<void> {
      await api().removeSessionProfile({ params: { id } })
      await profiles.refresh()
    },
    exportProfile: (id: string): Promise<ProfileFile> => api().exportSessionProfile({ params: { id } }),
    exportSession: (id: string): Promise<ProfileFile> => api().exportRelaySession({ params: { id } }),
    /** Returns what of the file is not here, in words. */
    async importProfile(file: ProfileFile): Promise<readonly string[]> {
      const { unmatched } = await api().importSessionProfile({ body: { file } })
      await Promise.all([profiles.refresh(), groups.refresh()])
      return unmatched
    },
    async cloneSession(id: string) {
      const made = await api().cloneRelaySession({ params: { id }, body: {} })
      await relay.refresh()
      return made
    },
  }
})
