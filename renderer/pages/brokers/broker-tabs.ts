/** The pages of one session, in their order, each given the `name` of the session. */
import { defineAsyncComponent, type Component } from 'vue'
import BrokerOverview from './broker-overview.vue'

export interface BrokerTab {
  /** What `?tab=` says; the first one is shown without it. */
  value: string
  label: string
  icon: string
  /** All but the first are loaded when they are first opened: `defineAsyncComponent(() => import(...))`. */
  component: Component
}

export const brokerTabs: readonly BrokerTab[] = [
  { value: 'overview', label: 'Overview', icon: 'i-lucide-layout-dashboard', component: BrokerOverview },
  {
    value: 'messages',
    label: 'Messages',
    icon: 'i-lucide-messages-square',
    component: defineAsyncComponent(() => import('./messages/messages-tab.vue')),
  },
  {
    value: 'access',
    label: 'Access',
    icon: 'i-lucide-user-round-key',
    component: defineAsyncComponent(() => import('./access/access-tab.vue')),
  },
  {
    value: 'rules',
    label: 'Rules',
    icon: 'i-lucide-split',
    component: defineAsyncComponent(() => import('./rules/rules-tab.vue')),
  },
  {
    value: 'bridges',
    label: 'Bridges',
    icon: 'i-lucide-waypoints',
    component: defineAsyncComponent(() => import('./bridges/bridges-tab.vue')),
  },
]
