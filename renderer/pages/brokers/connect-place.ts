/** The place that programs are told to connect to: this machine's address, or its network's once the brokers are open to it. */
import { computed, type ComputedRef } from 'vue'
import { useApis } from '../../stores/apis.ts'
import { useSettings } from '../../stores/settings.ts'
import type { ConnectPlace } from './connect-snippets.ts'

export function useConnectPlace(name: () => string): ComputedRef<ConnectPlace> {
  const apis = useApis()
  const settings = useSettings()
  return computed(() => {
    const api = apis.byName('brokers')
    const lanUrl = api?.openTo === 'lan' ? api.lanUrls[0] : undefined
    const port = settings.settings?.brokers.mqttPort ?? 'off'
    return {
      url: (lanUrl ?? api?.url ?? 'http://127.0.0.1:3000').replace(/^http/, 'ws'),
      name: name(),
      isOpen: lanUrl !== undefined,
      // 0 is any free port, which nobody outside knows.
      mqttPort: port === 'off' || port === 0 ? null : port,
    }
  })
}
