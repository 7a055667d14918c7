/** Tools for mouse and keyboard. */
import { z } from 'zod'
import type { KeyInput, MouseButton } from 'puppeteer-core'
import { abortable } from '../../async/abortable.ts'
import { BrowserFault } from '../../browsers/fault.ts'
import { builtInTool, type BuiltInTool } from '../../relay/built-in/server.ts'
import type { BrowserAccess } from './access.ts'
import { act } from './act.ts'
import { findElement, freePoint, isNamed, target, type FoundElement } from './element.ts'
import { choose, fillField, typeSlowly } from './fields.ts'
import { given } from './given.ts'
import { keysOf, modifier } from './keys.ts'
import { about, sessionId } from './parts.ts'

const changing = { readOnly: false, destructive: true, right: 'browsers:use' } as const

export function handsTools(service: BrowserAccess): BuiltInTool[] {
  return [
    builtInTool({
      ...changing,
      name: 'browser_click',
      title: 'Click',
      description: 'Clicks an element, when it shows, is enabled and not covered. Answers with what has changed.',
      input: z.object({
        ...sessionId,
        ...target,
        button: z.enum(['left', 'right', 'middle']).default('left'),
        double: z.boolean().default(false),
        modifiers: z.array(modifier).max(4).default([]),
      }),
      about,
      run: ({ session_id: id, button, double, modifiers, ...named }, call) =>
        act(service, id, call, {
          refs: [named.ref],
          run: async (_, workplace, signal) => {
            const found = await findElement(workplace, named, signal)
            const { x, y } = await freePoint(found, signal)
            const how = double ? 'Double-clicked' : button === 'right' ? 'Right-clicked' : 'Clicked'
            await holding(
              found,
              modifiers,
              () => found.page.mouse.click(x, y, { button: button as MouseButton, count: double ? 2 : 1 }),
              signal,
            )
            return `${how} ${found.called}`
          },
        }),
    }),
    builtInTool({
      ...changing,
      name: 'browser_type',
      title: 'Type',
      description:
        'Fills a field in place of what it holds; "slowly" types key by key and leaves what is there; "submit" presses Enter after it.',
      secrets: { typed: ['text'] },
      input: z.object({
        ...sessionId,
        ...target,
        text: z.string().max(10_000),
        slowly: z.boolean().default(false),
        submit: z.boolean().default(false),
      }),
      about,
      run: ({ session_id: id, text, slowly, submit, ...named }, call) =>
        act(service, id, call, {
          patience: 25_000 + (slowly ? text.length * 100 : 0),
          refs: [named.ref],
          run: async (_, workplace, signal) => {
            const found = await findElement(workplace, named, signal)
            const words = slowly ? await typeSlowly(found, text, workplace, signal) : await fillField(found, text, signal)
            if (!submit) return words
            await given(found.page.keyboard.press('Enter'), signal)
            return `${words} and pressed Enter`
          },
        }),
    }),
    builtInTool({
      ...changing,
      name: 'browser_fill',
      title: 'Fill a form',
      description:
        'Fills several fields in one call: text, true or false for check boxes, the words of an option for lists. Cheaper than one call each.',
      secrets: { typed: ['fields.*.value'] },
      input: z.object({
        ...sessionId,
        fields: z
          .array(z.object({ ...target, value: z.union([z.string().max(10_000), z.boolean(), z.array(z.string().max(1_000)).max(50)]) }))
          .min(1)
          .max(50),
        submit: z.boolean().default(false).describe('Press Enter in the last field'),
      }),
      about,
      run: ({ session_id: id, fields, submit }, call) =>
        act(service, id, call, {
          patience: 25_000 + fields.length * 2_000,
          refs: fields.map(({ ref }) => ref),
          run: async (_, workplace, signal) => {
            const done: string[] = []
            let last: FoundElement | undefined
            for (const { value, ...named } of fields) {
              try {
                last = await findElement(workplace, named, signal)
                done.push(await fillField(last, value, signal))
              } catch (error) {
                if (!(error instanceof BrowserFault) || done.length === 0) throw error
                throw new BrowserFault(error.code, `${error.message}. Before that: ${done.join('; ')}`, error.details)
              }
            }
            if (submit && last !== undefined) {
              await abortable(last.element.focus(), signal)
              await given(last.page.keyboard.press('Enter'), signal)
              done.push('Pressed Enter')
            }
            return done.join('\n')
          },
        }),
    }),
    builtInTool({
      ...changing,
      name: 'browser_press',
      title: 'Press a key',
      description: 'Presses a key where the keyboard is, or in an element: Enter, Escape, Tab, ArrowDown, a, Control+a.',
      input: z.object({ ...sessionId, ...target, key: z.string().min(1).max(60), times: z.number().int().min(1).max(50).default(1) }),
      about,
      run: ({ session_id: id, key, times, ...named }, call) =>
        act(service, id, call, {
          refs: [named.ref],
          run: async (tab, workplace, signal) => {
            const keys = keysOf(key)
            const found = isNamed(named) ? await findElement(workplace, named, signal) : null
            if (found !== null) await abortable(found.element.focus(), signal)
            const page = found?.page ?? tab.page
            const [last, ...held] = keys.toReversed()
            for (let round = 0; round < times; round += 1)
              await holding({ page }, held, () => (last === undefined ? Promise.resolve() : page.keyboard.press(last)), signal)
            return `Pressed ${key}${times > 1 ? ` ${times} times` : ''}${found === null ? '' : ` in ${found.called}`}`
          },
        }),
    }),
    builtInTool({
      ...changing,
      name: 'browser_select',
      title: 'Choose in a list',
      description: 'Chooses options of a list by their words or values; all others are taken back.',
      input: z.object({ ...sessionId, ...target, options: z.array(z.string().max(1_000)).min(1).max(50) }),
      about,
      run: ({ session_id: id, options, ...named }, call) =>
        act(service, id, call, {
          refs: [named.ref],
          run: async (_, workplace, signal) => choose(await findElement(workplace, named, signal), options, signal),
        }),
    }),
    builtInTool({
      ...changing,
      destructive: false,
      name: 'browser_hover',
      title: 'Point at',
      description: 'Moves the pointer onto an element, e.g. for a menu that opens by it.',
      input: z.object({ ...sessionId, ...target }),
      about,
      run: ({ session_id: id, ...named }, call) =>
        act(service, id, call, {
          refs: [named.ref],
          run: async (_, workplace, signal) => {
            const found = await findElement(workplace, named, signal)
            const { x, y } = await freePoint(found, signal)
            await given(found.page.mouse.move(x, y), signal)
            return `The pointer is on ${found.called}`
          },
        }),
    }),
    builtInTool({
      ...changing,
      name: 'browser_drag',
      title: 'Drag',
      description: 'Drags one element onto another.',
      input: z.object({ ...sessionId, from: z.object(target), to: z.object(target) }),
      about,
      run: ({ session_id: id, from, to }, call) =>
        act(service, id, call, {
          refs: [from.ref, to.ref],
          run: async (_, workplace, signal) => {
            const [what, where] = [await findElement(workplace, from, signal), await findElement(workplace, to, signal)]
            const { mouse } = what.page
            const start = await freePoint(what, signal)
            await given(mouse.move(start.x, start.y), signal)
            await given(mouse.down(), signal)
            try {
              const end = await freePoint(where, signal)
              // A page takes a drag for one only once the pointer has moved on.
              await given(mouse.move(end.x, end.y, { steps: 5 }), signal)
              await given(mouse.move(end.x, end.y), signal)
            } finally {
              await given(mouse.up(), signal)
            }
            return `Dragged ${what.called} onto ${where.called}`
          },
        }),
    }),
    builtInTool({
      ...changing,
      destructive: false,
      name: 'browser_scroll',
      title: 'Scroll',
      description:
        'Scrolls the page, or the part that an element is in; without a direction brings the element into view. Snapshots need no scrolling, pages that load more do.',
      input: z.object({
        ...sessionId,
        ...target,
        direction: z.enum(['up', 'down', 'left', 'right']).optional(),
        pixels: z.number().int().min(1).max(20_000).default(600),
      }),
      about,
      run: ({ session_id: id, direction, pixels, ...named }, call) =>
        act(service, id, call, {
          refs: [named.ref],
          run: async (tab, workplace, signal) => {
            const found = isNamed(named) ? await findElement(workplace, named, signal) : null
            if (found === null && direction === undefined) throw new BrowserFault('element-missing', 'Name an element, or a direction')
            if (found !== null) await abortable(found.element.scrollIntoView(), signal)
            if (direction === undefined) return `${found?.called ?? 'It'} is in view`
            const page = found?.page ?? tab.page
            const size = await abortable(
              page.evaluate(() => ({ width: innerWidth, height: innerHeight })),
              signal,
            )
            const place =
              found === null ? { x: size.width / 2, y: size.height / 2 } : await abortable(found.element.clickablePoint(), signal)
            await abortable(page.mouse.move(place.x, place.y), signal)
            const by = { up: [0, -pixels], down: [0, pixels], left: [-pixels, 0], right: [pixels, 0] }[direction]
            await abortable(page.mouse.wheel({ deltaX: by[0] ?? 0, deltaY: by[1] ?? 0 }), signal)
            return `Scrolled ${direction} by ${pixels} px${found === null ? '' : ` at ${found.called}`}`
          },
        }),
    }),
  ]
}

/** What is held down is let go of however the work ends. */
async function holding(
  { page }: Pick<FoundElement, 'page'>,
  keys: readonly KeyInput[],
  work: () => Promise<unknown>,
  signal: AbortSignal,
): Promise<void> {
  try {
    for (const key of keys) await abortable(page.keyboard.down(key), signal)
    await given(work(), signal)
  } finally {
    for (const key of keys.toReversed()) page.keyboard.up(key).catch(() => undefined)
  }
}
