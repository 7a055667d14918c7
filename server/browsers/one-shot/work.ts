/** One one-shot on a page: opens what is to be opened, waits for what is to be waited for, and brings the result. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Page } from 'puppeteer-core'
import { abortable } from '../../async/abortable.ts'
import { Fault } from '../../fault.ts'
import type { OneShotRequest } from '../contract/one-shots.ts'
import { BrowserFault } from '../fault.ts'
import { openAddress } from '../page/reachable.ts'
import { proxyOf } from '../process/egress-proxy.ts'
import { picture, print } from './picture.ts'
import { elements, html, readable } from './reading.ts'
import { refuseInvalid } from './selectors.ts'

export interface OneShotResult {
  type: string
  content: Uint8Array
}

export interface WorkTools {
  signal: AbortSignal
  /** What it is at, in words that follow "still". */
  tell(step: string): void
}

/** Quiet for so many ms is quiet. */
const quietTime = 500

/** Throws the faults of one-shots, `address-refused`, or the signal's reason. */
export async function runOneShot(page: Page, request: OneShotRequest, tools: WorkTools): Promise<OneShotResult> {
  const status = await open(page, request, tools)
  await waitFor(page, request, tools)
  tools.tell(`making the ${request.kind}`)
  return abortable(result(page, request, status, tools.signal), tools.signal)
}

async function open(page: Page, { address, html: given }: OneShotRequest, { signal, tell }: WorkTools): Promise<number | null> {
  if (given !== undefined) {
    tell('loading the page')
    await abortable(page.setContent(given, { waitUntil: 'load', timeout: 0 }), signal)
    return null
  }
  if (address === undefined) return null
  proxyOf(page.browser())?.check(address)
  tell(`opening ${new URL(address).host}`)
  try {
    const status = await openAddress(page, address, signal)
    if (page.url() === 'about:blank') throw new BrowserFault('site-unreachable', `${new URL(address).host} sends a file and no page`)
    await abortable(loaded(page), signal)
    return status
  } catch (error) {
    signal.throwIfAborted()
    // A page with the words of an error is a page.
    if (error instanceof Fault && typeof error.details['status'] === 'number') return error.details['status']
    throw BrowserFault.is(error, 'login-unreachable') ? new BrowserFault('site-unreachable', error.message, {}, { cause: error }) : error
  }
}

/** With its pictures; a page that never finishes is as good as one that has, after a while. */
async function loaded(page: Page): Promise<void> {
  await page.waitForFunction(() => document.readyState === 'complete', { timeout: 10_000, polling: 50 }).catch(() => undefined)
}

async function waitFor(page: Page, { waitFor: wanted }: OneShotRequest, { signal, tell }: WorkTools): Promise<void> {
  if (wanted?.selector !== undefined) {
    tell(`waiting for ${wanted.selector}`)
    await abortable(page.waitForSelector(wanted.selector, { visible: true, timeout: 0, signal }), signal).catch(refuseInvalid)
  }
  if (wanted?.quiet === true) {
    tell('waiting for the network to be quiet')
    await abortable(page.waitForNetworkIdle({ idleTime: quietTime, timeout: 0, signal }), signal)
  }
  if (wanted?.milliseconds !== undefined) {
    tell(`waiting ${wanted.milliseconds} ms`)
    await wait(wanted.milliseconds, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}

async function result(page: Page, request: OneShotRequest, status: number | null, signal: AbortSignal): Promise<OneShotResult> {
  if (request.kind === 'screenshot') return sized(request, `image/${request.format}`, await picture(page, request, signal))
  if (request.kind === 'pdf') return sized(request, 'application/pdf', await print(page, request, signal))
  const facts = { address: page.url(), title: await page.title(), status }
  const found =
    request.kind === 'html'
      ? { html: await html(page, request.maxBytes) }
      : request.kind === 'scrape'
        ? { elements: await elements(page, request.elements).catch(refuseInvalid) }
        : await readable(page, request)
  return sized(request, 'application/json', Buffer.from(JSON.stringify({ ...facts, ...found })))
}

function sized({ maxBytes }: OneShotRequest, type: string, content: Uint8Array): OneShotResult {
  if (content.byteLength > maxBytes)
    throw new BrowserFault('result-too-large', `The result has ${content.byteLength} bytes; ${maxBytes} are allowed`)
  return { type, content }
}
