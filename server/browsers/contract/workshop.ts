/** Where site profiles are made: trials and recordings. */
import type { FaultDefinition } from '../../http/contract.ts'
import { loginRecordingRoutes } from './login-recording.ts'
import { trialRoutes } from './trial.ts'

export const workshopRoutes = { ...trialRoutes, ...loginRecordingRoutes }

export const workshopFaults = {
  'trial-not-found': { status: 404, remedy: 'Try the site again; the last few trials are kept, until the server stops.' },
  'trial-page-gone': { status: 404, remedy: 'Try the site again from the start; a page is kept for five minutes.' },
  'trial-runs': { status: 409, remedy: 'Wait until the trial is over, or stop it.' },
  'login-recording-not-found': { status: 404, remedy: 'Record again; a recording ends with its browser.' },
} as const satisfies Record<string, FaultDefinition>
