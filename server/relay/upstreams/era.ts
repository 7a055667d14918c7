/** Which of the protocol's two eras a server speaks, as an earlier start found out: then no question is needed that may end a process. */

/** `modern` is asked with each request; `legacy` is greeted once, and has a session. */
export type Era = 'modern' | 'legacy'

export interface EraMemory {
  readonly known: Era | undefined
  /** The server answered in this era: kept for the starts to come. */
  learned(era: Era): void
  /** Its process ended when it was asked. The next start of this run greets it first; kept is only what an answer has shown. */
  suspect(era: Era): void
}

export interface EraStore {
  era(id: string): Era | undefined
  keepEra(id: string, era: Era): void
}

export function createEraMemory(store: EraStore, id: string): EraMemory {
  let kept = store.era(id)
  let known = kept
  return {
    get known() {
      return known
    },
    learned(era) {
      known = era
      if (kept === era) return
      try {
        store.keepEra(id, era)
        kept = era
      } catch {
        // Nothing can be written at the moment; the next start asks once more.
      }
    },
    suspect(era) {
      known ??= era
    },
  }
}
