/** Whether what is sealed can be opened, and what is locked while its key is missing. */
import { defineStore } from 'pinia'
import { computed } from 'vue'
import type { RoomName } from '../../server/http/contract.ts'
import { useApi } from '../api/api.ts'
import { roomOrder } from '../presentation/rooms.ts'
import { useResource } from '../use/use-resource.ts'

export const useSealing = defineStore('sealing', () => {
  const { value, refresh } = useResource({ read: (signal) => useApi().control.sealing({ signal }), resources: ['attention', ...roomOrder] })
  return {
    refresh,
    sealing: value,
    /** True while there is something for a person to do. */
    wanting: computed(() => value.value !== null && (value.value.state !== 'open' || value.value.locked.length > 0)),
    async retry(): Promise<void> {
      value.value = await useApi().control.retrySealing({})
    },
    async giveUp(room: RoomName): Promise<void> {
      value.value = await useApi().control.giveUpLocked({ body: { room } })
    },
  }
})
