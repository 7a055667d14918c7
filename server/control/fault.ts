/** What control refuses, by name: the codes of its contract, and one that never becomes an answer. */
import { Fault } from '../fault.ts'
import type { controlContract } from './contract/index.ts'

/** A practice site that was described wrongly; told on its socket. */
type OfPracticeSite = 'practice-invalid'

export class ControlFault extends Fault<keyof typeof controlContract.faults | OfPracticeSite> {}
