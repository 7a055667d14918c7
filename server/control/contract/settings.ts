/** The settings, what fixes them and what was set aside of them. */
import { z } from 'zod'
import { settingsSchema } from '../../config/settings.ts'
import type { RouteDefinition } from '../../http/contract.ts'
import { failure } from './parts.ts'

const settingsView = z.object({
  settings: settingsSchema,
  /** Dotted paths fixed from outside, with the flag or variable that fixes them. */
  fixed: z.record(z.string(), z.string()),
  /** Values of the file that could not be used: kept aside, not lost. */
  setAside: z.array(z.object({ path: z.string(), reason: z.string() })),
  file: z.string(),
})
export type SettingsView = z.output<typeof settingsView>

export const settingsRoutes = {
  settings: {
    method: 'GET',
    path: '/control/v1/settings',
    tag: 'Settings',
    summary: 'All settings, what fixes them and what was set aside',
    access: 'key',
    right: 'control:use',
    responses: { 200: { description: 'Settings', body: settingsView } },
  },
  changeSettings: {
    method: 'PATCH',
    path: '/control/v1/settings',
    tag: 'Settings',
    summary: 'Change settings; what is left out stays',
    access: 'key',
    right: 'control:manage',
    body: z.record(z.string(), z.unknown()),
    responses: {
      200: { description: 'Settings', body: settingsView },
      400: failure('A value is not accepted'),
      409: failure('A value is fixed by a flag or variable'),
    },
  },
} as const satisfies Record<string, RouteDefinition>
