/** Answers one-shots, at once or as jobs. */
import type { Call, Handlers } from '../../http/api.ts'
import type { JobView, OneShotKind, OneShotRequest, oneShotRoutes, ThrowAway } from '../contract/one-shots.ts'
import { BrowserFault } from '../fault.ts'
import { presentJob, type Job } from '../one-shot/jobs.ts'
import { onSession, thrownAway } from '../one-shot/one-shots.ts'
import type { OneShotResult, WorkTools } from '../one-shot/work.ts'
import { actor, type ApiParts } from './parts.ts'

type Routes = typeof oneShotRoutes

export function createOneShotHandlers({ service }: ApiParts): Handlers<Routes> {
  const { jobs } = service
  const reached = (id: string, { standing }: Call): Job => {
    const job = jobs.get(id)
    if (!standing.reaches('browsers', { subject: job.session ?? job.id, makers: [job.maker] }))
      throw new BrowserFault('job-not-found', 'No such job')
    return job
  }
  const answer = async (about: Pick<Job, 'kind' | 'session'>, call: Call, work: (tools: WorkTools) => Promise<OneShotResult>) => {
    if (/\brespond-async\b/.test(String(call.headers['prefer'] ?? ''))) {
      const job = jobs.begin({ ...about, maker: call.standing.maker }, work)
      return {
        status: 202 as const,
        body: presentJob(job),
        headers: { 'preference-applied': 'respond-async', location: `/v1/jobs/${job.id}` },
      }
    }
    return { status: 200 as const, result: await work({ signal: call.signal, tell: () => undefined }) }
  }
  /** One that sleeps is woken for it. */
  const forSession = async (kind: OneShotKind, id: string, body: object, call: Call) => {
    const sleeps = (await service.sleepers.settled(id)) !== undefined
    if (!sleeps) service.get(id)
    // Validated by the route of this kind.
    const request = { ...body, kind } as OneShotRequest
    return answer({ kind, session: id }, call, async (tools) => {
      const wanted = { waitsForPerson: true, actor: actor(call), makers: [call.standing.maker] }
      const woken = sleeps ? await service.sleepers.wake(id, wanted).catch(nativeCapacity) : null
      try {
        return await onSession(service, woken?.session ?? service.get(id), request, tools)
      } finally {
        woken?.release()
      }
    })
  }
  const without = (kind: OneShotKind, body: ThrowAway & object, call: Call) => {
    const who = { actor: actor(call), makers: [call.standing.maker] }
    const { cookies, headers, ...rest } = body
    const {
      viewport,
      deviceScaleFactor,
      locale,
      timezone,
      userAgent,
      proxy,
      block,
      downloads,
      tags,
      headless,
      extensions,
      args,
      ...request
    } = rest
    const setup = { viewport, deviceScaleFactor, locale, timezone, userAgent, proxy, block, downloads, tags, headless, extensions, args }
    // The same.
    const work = { ...request, kind } as OneShotRequest
    return answer({ kind, session: null }, call, (tools) =>
      thrownAway(service, { cookies, headers, ...setup }, work, who, tools).catch(nativeCapacity),
    )
  }
  return {
    takeScreenshot: async ({ params, body }, call) => bytes(await forSession('screenshot', params.id, body, call)),
    printSession: async ({ params, body }, call) => bytes(await forSession('pdf', params.id, body, call)),
    sessionHtml: async ({ params, body }, call) => json(await forSession('html', params.id, body, call)),
    sessionText: async ({ params, body }, call) => json(await forSession('text', params.id, body, call)),
    sessionMarkdown: async ({ params, body }, call) => json(await forSession('markdown', params.id, body, call)),
    scrapeSession: async ({ params, body }, call) => json(await forSession('scrape', params.id, body, call)),
    screenshotOf: async ({ body }, call) => bytes(await without('screenshot', body, call)),
    pdfOf: async ({ body }, call) => bytes(await without('pdf', body, call)),
    htmlOf: async ({ body }, call) => json(await without('html', body, call)),
    textOf: async ({ body }, call) => json(await without('text', body, call)),
    markdownOf: async ({ body }, call) => json(await without('markdown', body, call)),
    scrapeOf: async ({ body }, call) => json(await without('scrape', body, call)),
    job: ({ params }, call) => ({ status: 200, body: presentJob(reached(params.job, call)) }),
    jobResult: ({ params }, call) => {
      const { result } = reached(params.job, call)
      if (result === null) throw new BrowserFault('job-not-found', 'The job has no result')
      return { status: 200, body: result.content, headers: headersOf(result) }
    },
    cancelJob: ({ params }, call) => {
      jobs.forget(reached(params.job, call).id)
      return { status: 204, body: null }
    },
  }
}

type Answered = { status: 202; body: JobView; headers: Record<string, string> } | { status: 200; result: OneShotResult }

// What a page says is never shown as a page of ours.
const headersOf = ({ type }: OneShotResult): Record<string, string> => ({
  ...{ 'content-type': type, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
})

function bytes(answered: Answered) {
  return answered.status === 202 ? answered : { status: 200 as const, body: answered.result.content, headers: headersOf(answered.result) }
}

function json(answered: Answered) {
  if (answered.status === 202) return answered
  // Written by the work, whose shape the contract states; the border checks it in tests.
  return {
    status: 200 as const,
    body: JSON.parse(Buffer.from(answered.result.content).toString()),
    headers: { 'cache-control': 'no-store' },
  }
}

function nativeCapacity(error: unknown): never {
  throw BrowserFault.is(error, 'no-capacity') ? new BrowserFault('all-in-use', error.message) : error
}
