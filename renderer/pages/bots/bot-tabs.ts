/** The pages of one bot. */
export const botTabs = [
  { value: 'chats', label: 'Chats', icon: 'i-lucide-messages-square' },
  { value: 'rules', label: 'Rules', icon: 'i-lucide-split' },
  { value: 'webhooks', label: 'Webhooks', icon: 'i-lucide-webhook' },
  { value: 'events', label: 'Events', icon: 'i-lucide-activity' },
  { value: 'settings', label: 'Settings', icon: 'i-lucide-sliders-horizontal' },
] as const

export type BotTab = (typeof botTabs)[number]['value']
