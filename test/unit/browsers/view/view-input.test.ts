import type { CDPSession } from 'puppeteer-core'
import { describe, expect, it } from 'vitest'
import { viewCommand, type SentViewCommand } from '../../../../server/browsers/contract/live-view-messages.ts'
import { createViewInput } from '../../../../server/browsers/view/view-input.ts'

describe('the input of a live view', () => {
  it('sends one move at a time and then the latest, not those between', async () => {
    const { input, sent, take } = start()
    for (const x of [1, 2, 3, 4, 5]) input.mouse(mouse({ action: 'move', x, y: 0 }))
    expect(sent.map((event) => event['x'])).toEqual([1])
    await take()
    expect(sent.map((event) => event['x'])).toEqual([1, 5])
  })

  it('sends a click at once behind the last move, although a move is still under way', () => {
    const { input, sent } = start()
    for (const x of [1, 2, 3]) input.mouse(mouse({ action: 'move', x, y: 0 }))
    input.mouse(mouse({ action: 'down', x: 3, y: 0, button: 'left', clicks: 1 }))
    expect(sent.map((event) => [event['type'], event['x']])).toEqual([
      ['mouseMoved', 1],
      ['mouseMoved', 3],
      ['mousePressed', 3],
    ])
  })

  it('sends two of three hundred moves that a slow page has not taken, and the click behind them', () => {
    const { input, sent } = start()
    for (let x = 0; x < 300; x += 1) input.mouse(mouse({ action: 'move', x, y: 0 }))
    input.mouse(mouse({ action: 'down', x: 300, y: 0, button: 'left', clicks: 1 }))
    expect(sent.map((event) => [event['type'], event['x']])).toEqual([
      ['mouseMoved', 0],
      ['mouseMoved', 299],
      ['mousePressed', 300],
    ])
  })

  it('adds up turns of the wheel that came while one was under way', async () => {
    const { input, sent, take } = start()
    for (let turn = 0; turn < 4; turn += 1) input.mouse(mouse({ action: 'wheel', x: 5, y: 5, deltaY: 10 }))
    await take()
    expect(sent.map((event) => event['deltaY'])).toEqual([10, 30])
  })

  it('names the held button in a move, so that the page sees a drag', () => {
    const { input, sent } = start()
    input.mouse(mouse({ action: 'down', x: 1, y: 1, button: 'left', clicks: 1 }))
    input.mouse(mouse({ action: 'move', x: 9, y: 9 }))
    expect(sent[1]).toMatchObject({ type: 'mouseMoved', button: 'left', buttons: 1 })
  })

  it('holds a key until the press before it, which gives the focus, has been taken', async () => {
    const { input, sent, take } = start()
    input.mouse(mouse({ action: 'down', x: 1, y: 1, button: 'left', clicks: 1 }))
    input.mouse(mouse({ action: 'up', x: 1, y: 1, button: 'left', clicks: 1 }))
    input.key(key({ action: 'down', key: 'ArrowDown', code: 'ArrowDown', keyCode: 40 }))
    expect(sent.map(({ type }) => type)).toEqual(['mousePressed', 'mouseReleased'])
    await take()
    await expect.poll(() => sent.map(({ type }) => type)).toEqual(['mousePressed', 'mouseReleased', 'rawKeyDown'])
  })

  it('holds a key behind text that goes to another frame, although a press before both is still under way', async () => {
    const { input, sent, take } = start({ inFrame: true })
    input.mouse(mouse({ action: 'down', x: 1, y: 1, button: 'left', clicks: 1 }))
    input.text('日')
    input.key(key({ action: 'down', key: 'Enter', code: 'Enter', keyCode: 13 }))
    input.shortcut('copy')
    const kinds = () => sent.map((event) => event['type'] ?? event['text'])
    expect(kinds()).toEqual(['mousePressed'])
    await take()
    await expect.poll(kinds).toEqual(['mousePressed', '日'])
    await take()
    await expect.poll(kinds).toEqual(['mousePressed', '日', 'keyDown', 'rawKeyDown', 'keyUp'])
  })

  it('lets go of buttons and keys when control ends', async () => {
    const { input, sent, take } = start()
    input.mouse(mouse({ action: 'down', x: 1, y: 1, button: 'left', clicks: 1 }))
    input.key(key({ action: 'down', key: 'Shift', code: 'ShiftLeft', keyCode: 16 }))
    input.release()
    await take()
    await take()
    await expect
      .poll(() => sent)
      .toMatchObject([
        { type: 'mousePressed' },
        { type: 'rawKeyDown', code: 'ShiftLeft' },
        { type: 'mouseReleased', button: 'left' },
        { type: 'keyUp', code: 'ShiftLeft' },
      ])
  })

  it("gives Enter its text and a Mac's command key its meaning", () => {
    const { input, sent } = start()
    input.key(key({ action: 'down', key: 'Enter', code: 'Enter', keyCode: 13 }))
    input.key(key({ action: 'down', key: 'a', code: 'KeyA', keyCode: 65, modifiers: 4 }))
    expect(sent).toMatchObject([
      { type: 'keyDown', text: '\r' },
      { type: 'rawKeyDown', commands: ['selectAll'] },
    ])
  })

  it('sends nothing before what the page has to have first', async () => {
    const { input, sent, take } = start()
    const { promise: ready, resolve } = Promise.withResolvers<undefined>()
    input.after(ready)
    input.mouse(mouse({ action: 'down', x: 1, y: 1, button: 'left', clicks: 1 }))
    input.key(key({ action: 'down', key: 'a', code: 'KeyA', text: 'a' }))
    await take()
    expect(sent).toEqual([])
    resolve(undefined)
    await take()
    expect(sent.map(({ type }) => type)).toEqual(['mousePressed'])
    await take()
    await take()
    expect(sent.map(({ type }) => type)).toEqual(['mousePressed', 'keyDown'])
  })

  it('drops what a hung page does not take, and says so once', async () => {
    const { input, sent, problems, take } = start()
    for (let count = 0; count < 250; count += 1) input.text('x')
    expect(sent).toHaveLength(100)
    expect(problems).toEqual(['The page does not answer; what you type is dropped'])
    await take()
    input.text('y')
    expect(sent).toHaveLength(101)
  })
})

/** Input into a session that records what it is sent and answers when told. */
function start({ inFrame = false } = {}) {
  const sent: Record<string, unknown>[] = []
  const problems: string[] = []
  const answers: (() => void)[] = []
  const cdp: Pick<CDPSession, 'send'> = {
    send: (_method: string, ...params: unknown[]) => {
      sent.push({ ...(params[0] as object) })
      // Nothing reads the answer.
      return new Promise<never>((resolve) => answers.push(() => resolve(undefined as never)))
    },
  }
  const input = createViewInput(inFrame ? { ...cdp, textTarget: () => cdp } : cdp, (message) => problems.push(message))
  const take = async () => {
    for (const answer of answers.splice(0)) answer()
    await Promise.resolve()
    await Promise.resolve()
  }
  return { input, sent, problems, take }
}

type Sent<Type extends SentViewCommand['type']> = Omit<Extract<SentViewCommand, { type: Type }>, 'type'>

function mouse(command: Sent<'mouse'>) {
  const parsed = viewCommand.parse({ type: 'mouse', ...command })
  if (parsed.type !== 'mouse') throw new Error('not a mouse command')
  return parsed
}

function key(command: Sent<'key'>) {
  const parsed = viewCommand.parse({ type: 'key', ...command })
  if (parsed.type !== 'key') throw new Error('not a key command')
  return parsed
}
