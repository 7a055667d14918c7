/** Tools that look at a page and change nothing. */
import type { Page } from 'puppeteer-core'
import { z } from 'zod'
import { BrowserFault } from '../../browsers/fault.ts'
import { drive, settled } from '../../browsers/page/drive.ts'
import { screenshot } from '../../browsers/page/page-actions.ts'
import { picture, print } from '../../browsers/one-shot/picture.ts'

import { builtInTool, type BuiltInTool, type ToolContent } from '../../relay/built-in/server.ts'
import { words } from '../content.ts'
import { comeIn, comeToWork, type BrowserAccess } from './access.ts'
import { refuseOpenDialog, shownAddress, snapshot } from './answer.ts'
import { findElement, isNamed, target } from './element.ts'
import { about, sessionId } from './parts.ts'
import { asPageContent, usualSize } from './shown.ts'

/** Characters and bytes that one answer holds. */
const longestText = 100_000
const mostPicture = 5_000_000
const mostDocument = 50_000_000
const picturePatience = 20_000

const reading = { readOnly: true, right: 'browsers:use', about } as const

export function readingTools(service: BrowserAccess): BuiltInTool[] {
  return [
    builtInTool({
      ...reading,
      name: 'browser_snapshot',
      title: 'Look at a page',
      description:
        'What the page shows as an indented list with references such as [ref=e12] for what can be used, frames and shadow roots included. To act on a page this is better than a picture.',
      input: z.object({
        ...sessionId,
        ref: z.string().max(40).optional().describe('Only this part, e.g. a table or a dialog'),
        find: z.string().min(1).max(200).optional().describe('Only lines with this text, and what they stand in; cheaper than all of it'),
        from: z.number().int().min(0).default(0).describe('Lines to leave out, to read on'),
        size: z.number().int().min(500).max(100_000).default(usualSize).describe('Characters at most'),
        urls: z.boolean().default(false).describe('Also where links lead'),
      }),
      async run({ session_id: id, ref: part, ...options }, call) {
        const workplace = await comeIn(service, id, call)
        return snapshot(workplace, { part, ...options }, call.signal)
      },
    }),
    builtInTool({
      ...reading,
      name: 'browser_read',
      title: 'Read a page',
      description: 'Title, address and visible text of the page, or of one element, for reading at length.',
      input: z.object({
        ...sessionId,
        ...target,
        from: z.number().int().min(0).default(0).describe('Characters to leave out, to read on'),
        size: z.number().int().min(500).max(longestText).default(longestText),
      }),
      async run({ session_id: id, from, size, ...named }, call) {
        const workplace = await comeIn(service, id, call)
        refuseOpenDialog(workplace)
        const { page } = workplace.tab()
        const { title, text } = await drive(workplace.session, async (ending) => {
          const signal = AbortSignal.any([call.signal, ending])
          const title = await settled(() => page.title(), signal)
          if (!isNamed(named)) return { title, text: await settled(() => page.evaluate(() => document.body?.innerText ?? ''), signal) }
          const { element } = await findElement(workplace, named, signal)
          return {
            title,
            text: await element.evaluate((each) => (each instanceof HTMLElement ? each.innerText : (each.textContent ?? ''))),
          }
        })
        const part = text.slice(from, from + size)
        const left = text.length - from - part.length
        const more = left > 0 ? `\n${left} more characters: browser_read with "from": ${from + part.length}` : ''
        return words(`${title}\n${shownAddress(page.url())}\n\n${asPageContent(part)}${more}`)
      },
    }),
    builtInTool({
      ...reading,
      name: 'browser_screenshot',
      title: 'Take a picture of a page',
      description: 'A picture of what the page shows, of all of it, or of one element. To act use browser_snapshot.',
      input: z.object({
        ...sessionId,
        ...target,
        full_page: z.boolean().default(false),
        format: z.enum(['png', 'jpeg']).default('png').describe('jpeg is smaller'),
      }),
      async run({ session_id: id, full_page: fullPage, format, ...named }, call) {
        const workplace = await comeIn(service, id, call)
        refuseOpenDialog(workplace)
        const tab = workplace.tab()
        const { session } = workplace
        const isPlain = !fullPage && !isNamed(named) && format === 'png'
        const content = isPlain
          ? await screenshot({
              life: session.life,
              causeOf: (error) => session.causeOf(error),
              page: () => tab.page,
              startTimer: session.startTimer,
            })
          : await drive(
              session,
              async (ending) => {
                const signal = AbortSignal.any([call.signal, ending])
                const clip = isNamed(named) ? await placeOf(await findElement(workplace, named, signal)) : undefined
                const how = { format, fullPage, quality: format === 'jpeg' ? 70 : undefined, clip, omitBackground: false }
                return picture(tab.page, { kind: 'screenshot', ...how, timeout: picturePatience, maxBytes: mostPicture }, signal)
              },
              picturePatience,
            )
        if (content.byteLength > mostPicture)
          throw new BrowserFault(
            'result-too-large',
            `The picture has ${content.byteLength} bytes, ${mostPicture} are the most: take it as jpeg, or of one element`,
          )
        return [{ type: 'image', data: Buffer.from(content).toString('base64'), mimeType: `image/${format}` }]
      },
    }),
    builtInTool({
      name: 'browser_pdf',
      title: 'Print a page',
      description: 'Prints the page as PDF into the downloads of the session; browser_download reads it.',
      input: z.object({ ...sessionId, landscape: z.boolean().default(false), background: z.boolean().default(true) }),
      readOnly: false,
      right: 'browsers:use',
      about,
      async run({ session_id: id, landscape, background: printBackground }, call): Promise<ToolContent[]> {
        const workplace = await comeToWork(service, id, call)
        refuseOpenDialog(workplace)
        const { page } = workplace.tab()
        const { session } = workplace
        const paper = { format: 'a4', landscape, printBackground, scale: 1, pageRanges: '' } as const
        const limits = { timeout: picturePatience, maxBytes: mostDocument }
        const content = await drive(
          session,
          (ending) => print(page, { kind: 'pdf', ...paper, ...limits }, AbortSignal.any([call.signal, ending])),
          picturePatience,
        )
        const { id: download, name } = await session.downloads.add(`${fileName(await page.title())}.pdf`, page.url(), content)
        return words(`Printed as ${name}, ${content.byteLength} bytes; browser_download with "download": "${download}" reads it`)
      },
    }),
  ]
}

const fileName = (title: string): string =>
  title
    .replace(/[^\p{L}\p{N} ._-]+/gu, ' ')
    .trim()
    .slice(0, 80) || 'page'

/** In CSS px from the corner of the page. */
async function placeOf({
  element,
  page,
  called,
}: {
  element: { boundingBox(): Promise<Area | null>; scrollIntoView(): Promise<void> }
  page: Page
  called: string
}): Promise<Area> {
  await element.scrollIntoView()
  const box = await element.boundingBox()
  if (box === null || box.width < 1 || box.height < 1) throw new BrowserFault('element-missing', `${called} does not show on the page now`)
  const scrolled = await page.evaluate(() => ({ x: scrollX, y: scrollY }))
  return { x: Math.max(0, box.x + scrolled.x), y: Math.max(0, box.y + scrolled.y), width: box.width, height: box.height }
}

interface Area {
  x: number
  y: number
  width: number
  height: number
}
