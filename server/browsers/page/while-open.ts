/** Working on a page for as long as there is one. */
import type { Page } from 'puppeteer-core'

/**
 * What `work` comes to; its signal also aborts, with what `lost` makes of it, when the page closes or its renderer crashes: what was asked
 * of such a page may never be answered, and whoever waits would wait for the whole of their time.
 */
export async function whileOpen<Result>(
  page: Page,
  signal: AbortSignal,
  lost: (how: string) => Error,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const end = new AbortController()
  const closed = (): void => end.abort(lost('was closed'))
  const crashed = (): void => end.abort(lost('crashed'))
  page.on('close', closed)
  page.on('error', crashed)
  try {
    return await work(AbortSignal.any([signal, end.signal]))
  } catch (error) {
    signal.throwIfAborted()
    // The error of the page's end says less than that it ended.
    end.signal.throwIfAborted()
    throw error
  } finally {
    page.off('close', closed)
    page.off('error', crashed)
  }
}
