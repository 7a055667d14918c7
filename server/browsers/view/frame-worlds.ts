/**
 * A world of our own in every frame of a page, also in those of other sites, which have a process of their own. The site does not see it;
 * its DOM is the page's.
 */
import { randomBytes } from 'node:crypto'
import type { CDPSession, Page, Protocol } from 'puppeteer-core'
import { isDoneWithin } from '../../async/deadline.ts'

export interface FrameWorlds {
  /** Calls `NAME.METHOD(…arguments)` in the world of a frame, e.g. the one that has told something. Null when that is gone. */
  call(world: World, method: string, ...given: unknown[]): Promise<unknown>
  /** The same for an object that `install` makes there when it is needed. */
  run(world: World, install: (name: string) => void, name: string, method: string, ...given: unknown[]): Promise<unknown>
  /** All that there are now, the page's own first. */
  all(): World[]
  /** Resolves when the page has what is put into it, or has gone; a page that hangs takes nothing before it goes on. */
  readonly laid: Promise<unknown>
  /** Also calls `stop` in each. */
  close(): void
}

export interface World {
  cdp: CDPSession
  context: number
  frame: string
}

export interface FrameWorldsOptions {
  /** The object in the world that is called. */
  name: string
  /** Runs in each world, given `name` and the name of the channel through which it tells. */
  script: (name: string, channel: string) => void
  /** Runs beside each document's own scripts, given the name of the channel. */
  beside: (channel: string) => void
  told(message: unknown, world: World): void
  /** For each process that draws a part of the page, the page's own first. */
  attached(cdp: CDPSession): void
}

const worldName = 'wheelhouse-hands'
/** Ms for which frames that are there already may take what is put into them: one that hangs must not hold up the page around it. */
const framePatience = 1_000

export function openFrameWorlds(page: Page, { name, script, beside, told, attached }: FrameWorldsOptions): FrameWorlds {
  const worlds = new Map<CDPSession, Map<number, World>>()
  const channel = `_${randomBytes(8).toString('hex')}`
  let closed = false
  const attaching = page.createCDPSession()
  /** What frames of other sites are being given. */
  const giving = new Set<Promise<unknown>>()
  const laid = attaching
    .then(enter)
    .then(() => isDoneWithin(framePatience, Promise.all(giving)))
    .catch(() => undefined)

  return { call, run, all, laid, close }

  function call(world: World, method: string, ...given: unknown[]): Promise<unknown> {
    return evaluate(world, `globalThis[${JSON.stringify(name)}]?.[${JSON.stringify(method)}](...${JSON.stringify(given)})`)
  }

  function run(world: World, install: (name: string) => void, own: string, method: string, ...given: unknown[]): Promise<unknown> {
    const called = `globalThis[${JSON.stringify(own)}][${JSON.stringify(method)}](...${JSON.stringify(given)})`
    return evaluate(world, `(${install.toString()})(${JSON.stringify(own)}), ${called}`)
  }

  async function evaluate({ cdp, context }: World, expression: string): Promise<unknown> {
    const asked = { contextId: context, expression, returnByValue: true, awaitPromise: true, userGesture: true }
    try {
      return (await cdp.send('Runtime.evaluate', asked)).result.value ?? null
    } catch {
      return null
    }
  }

  function all(): World[] {
    return [...worlds.values()].flatMap((each) => [...each.values()])
  }

  function close(): void {
    closed = true
    // What runs in the frames is told to stop before the way to them ends.
    for (const world of all()) void call(world, 'stop')
    worlds.clear()
    attaching.then((cdp) => cdp.detach()).catch(() => undefined)
  }

  function enter(cdp: CDPSession): Promise<unknown> {
    if (closed) return Promise.resolve()
    const own = new Map<number, World>()
    worlds.set(cdp, own)
    cdp.on('Runtime.executionContextCreated', ({ context }) => {
      if (context.name === worldName) own.set(context.id, { cdp, context: context.id, frame: frameOf(context) })
    })
    cdp.on('Runtime.executionContextDestroyed', ({ executionContextId }) => void own.delete(executionContextId))
    cdp.on('Runtime.executionContextsCleared', () => own.clear())
    cdp.on('Runtime.bindingCalled', ({ name: through, payload, executionContextId }) => {
      const world = own.get(executionContextId)
      if (through === channel && world !== undefined && !closed) told(readJson(payload), world)
    })
    cdp.on('sessionattached', (frame: CDPSession) => {
      const given = enter(frame)
      giving.add(given)
      void given.then(() => giving.delete(given))
      quietly(frame.send('Runtime.runIfWaitingForDebugger'))
    })
    cdp.on('sessiondetached', (session: CDPSession) => void worlds.delete(session))
    attached(cdp)
    const source = `(${script.toString()})(${JSON.stringify(name)}, ${JSON.stringify(channel)})`
    const calls = [
      cdp.send('Page.enable'),
      cdp.send('Runtime.enable'),
      cdp.send('Runtime.addBinding', { name: channel, executionContextName: worldName }),
      cdp.send('Page.addScriptToEvaluateOnNewDocument', { source, worldName, runImmediately: true }),
      cdp.send('Page.addScriptToEvaluateOnNewDocument', {
        source: `(${beside.toString()})(${JSON.stringify(channel)})`,
        runImmediately: true,
      }),
      // A frame waits for what is put into it: a click overtakes what is sent to one that has begun.
      cdp.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: true, flatten: true, filter: [{ type: 'iframe' }] }),
    ]
    return Promise.allSettled(calls)
  }
}

/** Never awaited: a page that hangs does not answer, and that it has gone is seen elsewhere. */
function quietly(...calls: Promise<unknown>[]): void {
  for (const call of calls) call.catch(() => undefined)
}

function frameOf(context: Protocol.Runtime.ExecutionContextDescription): string {
  const { frameId } = (context.auxData ?? {}) as { frameId?: string } // Chromium's own facts about a context, typed as any object
  return frameId ?? ''
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
