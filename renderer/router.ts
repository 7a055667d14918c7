/** The pages. Each is loaded when it is first opened. */
import { createRouter, createWebHashHistory, type Router, type RouteRecordRaw } from 'vue-router'

export const pages: readonly RouteRecordRaw[] = [
  { path: '/', name: 'overview', component: () => import('./pages/overview/overview-page.vue'), meta: { title: 'Overview' } },
  { path: '/browsers', name: 'browsers', component: () => import('./pages/browsers/browsers-page.vue'), meta: { title: 'Browsers' } },
  {
    path: '/browsers/recordings',
    name: 'recordings',
    component: () => import('./pages/browsers/recording/recordings-page.vue'),
    meta: { title: 'Recordings' },
  },
  { path: '/browsers/sites', name: 'sites', component: () => import('./pages/browsers/sites/sites-page.vue'), meta: { title: 'Sites' } },
  { path: '/browsers/sites/:name', name: 'site', component: () => import('./pages/browsers/sites/site-page.vue'), meta: { title: 'Site' } },
  {
    path: '/browsers/:id(session_[^/]+)',
    name: 'browser-session',
    component: () => import('./pages/browsers/session/session-page.vue'),
    meta: { title: 'Browser session', rail: 'icons' },
  },
  { path: '/logins', name: 'logins', component: () => import('./pages/logins/logins-page.vue'), meta: { title: 'Logins' } },
  { path: '/relay', name: 'relay', component: () => import('./pages/relay/relay-page.vue'), meta: { title: 'Relay' } },
  { path: '/brokers', name: 'brokers', component: () => import('./pages/brokers/brokers-page.vue'), meta: { title: 'Brokers' } },
  { path: '/bots', name: 'bots', component: () => import('./pages/bots/bots-page.vue'), meta: { title: 'Bots' } },
  { path: '/bots/link', name: 'link-bot', component: () => import('./pages/bots/link/link-bot-page.vue'), meta: { title: 'Link a bot' } },
  {
    path: '/bots/webhooks',
    name: 'bot-webhooks',
    component: () => import('./pages/bots/webhooks/all-webhooks-page.vue'),
    meta: { title: 'Webhooks of bots' },
  },
  {
    path: '/bots/:userId/:tab(chats|rules|webhooks|events|settings)',
    name: 'bot',
    component: () => import('./pages/bots/bot-page.vue'),
    meta: { title: 'Bot' },
  },
  { path: '/keys', name: 'keys', component: () => import('./pages/keys/keys-page.vue'), meta: { title: 'API keys' } },
  { path: '/keys/new', name: 'new-key', component: () => import('./pages/keys/new-key-page.vue'), meta: { title: 'New key' } },
  { path: '/activity', name: 'activity', component: () => import('./pages/activity/activity-page.vue'), meta: { title: 'Activity' } },
  {
    path: '/settings/:section?',
    name: 'settings',
    component: () => import('./pages/settings/settings-page.vue'),
    meta: { title: 'Settings' },
  },
  { path: '/:rest(.*)*', redirect: '/' },
]

export function createAppRouter(): Router {
  return createRouter({
    // Behind the hash, since `/browsers` on the control port is the API's own prefix.
    history: createWebHashHistory(),
    routes: [...pages],
  })
}
