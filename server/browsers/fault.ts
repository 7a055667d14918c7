/**
 * What this room refuses, by name: the codes of its contract, and those that are turned into something else before they become an answer.
 */
import { Fault } from '../fault.ts'
import type { browsersContract } from './contract/index.ts'

/** Of site profiles, which are changed through the control API; its contract states them. */
export type ProfileCode = 'profile-built-in' | 'profile-invalid' | 'profile-lent'

/** An installation that was called off is no failure and is shown to nobody. */
type OfInstallation = 'install-cancelled'

export class BrowserFault extends Fault<keyof typeof browsersContract.faults | ProfileCode | OfInstallation> {}
