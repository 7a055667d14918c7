/** How the start of a server reads: what is over, what is under way, and what comes. */
import type { CatalogueServer } from '../../../../server/relay/contract/index.ts'
import { shortDuration } from '../../../presentation/format.ts'

type Progress = NonNullable<CatalogueServer['progress']>
type Phase = Progress['phase']

export interface StartStep {
  label: string
  state: 'over' | 'under way' | 'to come'
  /** How long it took. */
  time: string
}

const underWay: Record<Phase, string> = {
  starting: 'Starting it',
  finding: 'Looking it up',
  downloading: 'Downloading',
  listing: 'Reading its tools',
}
const over: Record<Phase, string> = { starting: 'Started', finding: 'Found', downloading: 'Downloaded', listing: 'Tools read' }

/** A start in which nothing is fetched has no steps worth a list. */
export function startSteps({ phase, steps }: Progress): StartStep[] {
  if (steps.length === 0 && phase !== 'finding' && phase !== 'downloading') return []
  const past = steps.map((step): StartStep => ({
    label: over[step.phase],
    state: 'over',
    time: step.ms < 10_000 ? `${(step.ms / 1_000).toFixed(1)} s` : shortDuration(step.ms),
  }))
  const installs = phase === 'finding' || phase === 'downloading'
  const next: StartStep[] = installs ? [{ label: 'Start and read its tools', state: 'to come', time: '' }] : []
  return [...past, { label: underWay[phase], state: 'under way', time: '' }, ...next]
}

/** `Package 41 of 64`; empty where nothing is counted. */
export function countOf({ unit, done, of }: Progress): string {
  if (unit === null || done === null) return ''
  const name = unit === 'package' ? 'Package' : 'Layer'
  return of === null ? `${name} ${done}` : `${name} ${done} of ${of}`
}
