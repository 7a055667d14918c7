/** The engine's parts, put together: each owns its state, has its file, and knows those it stands on. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import type { StartTimer } from '../../../async/deadline.ts'
import type { Clock } from '../../../clock.ts'
import { escape } from '../../../isolation.ts'
import type { Log } from '../../../log.ts'
import type { EngineObserver } from '../broker-engine.ts'
import { startQuietTimer } from './alarm.ts'
import { GroupCommit } from './commit.ts'
import { beginSegment } from './compaction.ts'
import { Deliverer } from './deliverer.ts'
import { Journal } from './journal.ts'
import { MessageStore, type Due } from './message-store.ts'
import type { Tenant } from './model.ts'
import { Publishing } from './publishing.ts'
import { Recorder } from './recorder.ts'
import { Schedule } from './schedule.ts'
import { Sharing } from './sharing.ts'
import { Subscribers } from './subscribers.ts'
import { SystemTopics } from './system-topics.ts'
import { Turns } from './turns.ts'
import { Wills } from './wills.ts'

export interface EngineOptions {
  folder: string
  clock: Clock
  log: Log
  observer: EngineObserver
  /** Names wills when they are published. */
  newMessageId?: () => string
  segmentBytes?: number
  startTimer?: StartTimer
  /** Of this program, as its clients are told. */
  version?: string
}

export interface EngineParts {
  turns: Turns
  clock: Clock
  schedule: Schedule<Due>
  journal: Journal
  commit: GroupCommit
  recorder: Recorder
  store: MessageStore
  deliverer: Deliverer
  sharing: Sharing
  publishing: Publishing
  subscribers: Subscribers
  wills: Wills
  system: SystemTopics
}

/** @param tenants by id, those of the moment */
export function createParts(
  { folder, clock, log, observer, newMessageId = randomUUID, segmentBytes, startTimer = startQuietTimer, version = '' }: EngineOptions,
  tenants: ReadonlyMap<number, Tenant>,
): EngineParts {
  // Work for all clients goes on in the scope in which the engine was made, not in that of the client who happened to begin it.
  const inScope = AsyncLocalStorage.snapshot()
  const has = (tenant: Tenant): boolean => tenants.get(tenant.id) === tenant

  const turns = new Turns()
  const moving = { isUnderWay: false }
  const schedule = new Schedule<Due>({
    now: () => clock.monotonic(),
    startTimer: (ms, ring) => inScope(() => startTimer(ms, ring)),
    onDue(item) {
      if ((item.kind === 'delivery' ? item.message : item).tenant.isGone) return
      if (item.kind === 'message') deliverer.expire(item)
      else if (item.kind === 'delivery') deliverer.retry(item)
      else void subscribers.remove(item).catch(escape)
    },
    onError: (error, { kind }) => log.error({ error, kind }, 'what was due in the brokers failed'),
  })
  const journal = new Journal({
    folder,
    turns,
    ...(segmentBytes === undefined ? {} : { segmentBytes }),
    onSegment: (anew) =>
      beginSegment({ journal, store, tenants: [...tenants.values()], nextSubscriber: subscribers.nextId, turns, moving }, anew),
  })
  const commit = new GroupCommit({
    journal,
    log,
    inScope,
    confirm: (batch) => publishing.confirm(batch),
    refuse: (entry) => publishing.takeBack(entry),
    storageFailed: (error) => observer.storageFailed(error),
    storageWorks() {
      observer.storageWorks()
      deliverer.dispatchRefused()
    },
  })
  const recorder = new Recorder(journal, commit)
  const store = new MessageStore(clock, schedule, recorder)
  const onDeadLetter: EngineObserver['deadLetter'] = (letter) => observer.deadLetter(letter)
  const deliverer = new Deliverer({ clock, store, schedule, recorder, turns, onDeadLetter, groups: (): Sharing => sharing })
  const sharing = new Sharing(store, recorder, deliverer)
  const publishing = new Publishing({ clock, store, recorder, deliverer, sharing, has })
  const subscribers = new Subscribers({ clock, store, schedule, recorder, deliverer, sharing, turns })
  const system = new SystemTopics({ clock, deliverer, version })
  const wills = new Wills({
    clock,
    has: ({ id }) => tenants.has(id),
    publish(subscriber, { delay: _, ...will }) {
      const publication = { ...will, isEmpty: will.body.length === 0, id: newMessageId(), source: 'mqtt' as const }
      publishing.publish(subscriber.tenant, publication, null, '')
      subscribers.forgetWill(subscriber)
    },
  })
  return { turns, clock, schedule, journal, commit, recorder, store, deliverer, sharing, publishing, subscribers, wills, system }
}
