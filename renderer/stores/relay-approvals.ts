/** Calls of the relay that wait for a person, and those answered today. */
import { defineStore } from 'pinia'
import { computed } from 'vue'
import type { AnsweredCallView, WaitingCallView } from '../../server/relay/contract/index.ts'
import { useApi, type Body } from '../api/api.ts'
import { useResource } from '../use/use-resource.ts'

export type Decision = Body<'relay', 'answerRelayApproval'>['decision']
/** By this machine's own clock, which need not be the server's. */
export type WaitingCall = WaitingCallView & { endsAt: number }

export const useRelayApprovals = defineStore('relay-approvals', () => {
  const api = () => useApi().relay
  const approvals = useResource({
    read: async (signal) => {
      const since = new Date(new Date().setHours(0, 0, 0, 0)).toISOString()
      const { waiting, answered } = await api().relayApprovals({ query: { since }, signal })
      return { waiting: waiting.map((call): WaitingCall => ({ ...call, endsAt: Date.now() + call.left * 1_000 })), answered }
    },
    resources: ['relay-approvals'],
  })
  return {
    waiting: computed<readonly WaitingCall[]>(() => approvals.value.value?.waiting ?? []),
    /** The newest first. */
    answered: computed<readonly AnsweredCallView[]>(() => approvals.value.value?.answered ?? []),
    loaded: computed(() => approvals.value.value !== null),
    error: approvals.error,
    async answer(id: string, decision: Decision): Promise<void> {
      await api().answerRelayApproval({ params: { id }, body: { decision } })
      await approvals.refresh()
    },
  }
})
