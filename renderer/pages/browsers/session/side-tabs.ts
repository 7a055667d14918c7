/** The tabs of the panel beside the large view, in their order. */
import ClientsTab from './clients-tab.vue'
import DownloadsTab from './downloads-tab.vue'
import RecordingsTab from './recordings-tab.vue'
import RecorderTab from './recorder-tab.vue'
import type { SideTab } from './side-tab.ts'
import StateTab from './state-tab.vue'
import UseTab from './use-tab.vue'

export const sideTabs: readonly SideTab[] = [
  { id: 'recorder', label: 'Recorder', component: RecorderTab },
  { id: 'clients', label: 'Clients', count: ({ session }) => session.clients.length, component: ClientsTab },
  { id: 'state', label: 'State', component: StateTab },
  { id: 'downloads', label: 'Downloads', count: ({ session }) => session.downloads, component: DownloadsTab },
  { id: 'recordings', label: 'Recordings', component: RecordingsTab },
  { id: 'use', label: 'Use', count: ({ session }) => session.leases.length, component: UseTab },
]
