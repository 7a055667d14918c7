/** A run over the double is recorded, and played again to a client of the library without the double. */
import { beforeAll, expect, test } from 'vitest'
import { connectContact, logIn, memoryAuth, textOf, type Contact } from '../../fakes/whatsapp/contact.ts'
import { WhatsAppDouble } from '../../fakes/whatsapp/double.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { Replay } from '../../fakes/whatsapp/replay.ts'
import { parseTrace, TraceRecorder } from '../../fakes/whatsapp/trace.ts'

const annNumber = '15550100011'
const bobNumber = '15550100012'
const annChat = `${annNumber}@s.whatsapp.net`
let text: string
let redacted: string
let heardThen: unknown[]

/** What a run is: hears a text and its edit, and answers. */
async function run(bob: Contact): Promise<unknown[]> {
  await bob.message((message) => textOf(message) === 'at nine')
  await bob.event('messages.update', ([each]) => each?.update.message?.editedMessage != null)
  await bob.socket.sendMessage(annChat, { text: 'I am there' }, { messageId: '3EB0000000000000000001' })
  await bob.message(({ key }) => key.id === '3EB0000000000000000001')
  return bob.messages.filter(({ key }) => key.fromMe !== true).map((message) => [message.key.id, message.pushName, textOf(message)])
}

beforeAll(async () => {
  const double = await WhatsAppDouble.start()
  const [ann, first] = [await connectContact(double, annNumber, 'Ann'), await connectContact(double, bobNumber, 'Bob')]
  // From here on the two have a session: a trace needs none of the keys that are made during it.
  await ann.socket.sendMessage(`${bobNumber}@s.whatsapp.net`, { text: 'hello' })
  await first.message((message) => textOf(message) === 'hello')
  await first.stop()
  const device = double.account(bobNumber).devices.get(1) ?? expect.fail('no device')
  await eventually('bob gone', async () => device.connection === null)
  const auth = first.auth.dump()
  const recorder = new TraceRecorder(device, { library: '7.0.0-rc14', auth })
  double.recorders.add(recorder)
  const bob = await logIn(double, bobNumber, memoryAuth(auth))
  const sent = await ann.socket.sendMessage(`${bobNumber}@s.whatsapp.net`, { text: 'at nine' })
  await ann.socket.sendMessage(`${bobNumber}@s.whatsapp.net`, { text: 'at ten', edit: sent?.key ?? {} })
  heardThen = await run(bob)
  // The last that the client says of its answer: a token for the contact, and that it knows of the delivery.
  const said = (wanted: (tag: string, of: string | undefined, first: string | undefined) => boolean) => async (): Promise<boolean> =>
    device.connection?.received.some(({ tag, attrs, content }) =>
      wanted(tag, attrs['class'], Array.isArray(content) ? content[0]?.tag : undefined),
    ) === true
  await eventually(
    'a token',
    said((tag, _of, first) => tag === 'iq' && first === 'tokens'),
  )
  await eventually(
    'a receipt acknowledged',
    said((tag, of) => tag === 'ack' && of === 'receipt'),
  )
  ;[text, redacted] = [recorder.text(), recorder.text({ redacted: true })]
  await Promise.all([ann.stop(), bob.stop()])
  await double.stop()
  expect(double.errors).toEqual([])
})

test('a client that is played the trace hears and does what it did then, and asks nothing else', async () => {
  const trace = parseTrace(text)
  const replay = await Replay.start(trace)
  const bob = await logIn(replay, bobNumber, memoryAuth(trace.head.auth ?? ''))
  expect(await run(bob)).toEqual(heardThen)
  await replay.finished()
  await expect.poll(() => replay.missing()).toEqual([])
  expect(replay.unexpected).toEqual([])
  expect(replay.errors).toEqual([])
  await bob.stop()
  await replay.stop()
})

test('a client that leaves something out is told what the server waited for', async () => {
  const trace = parseTrace(text)
  const waiting = await Replay.start(trace)
  await expect(waiting.finished(1)).rejects.toThrow('the client never said: iq xmlns=encrypt type=get')
  await waiting.stop()
})

test('the same nodes are the same lines, and a redacted trace holds no keys and nothing sealed', () => {
  const again = parseTrace(text)
  expect(again.lines.map(({ from, node }) => [from, node.tag])).toContainEqual(['server', 'success'])
  expect(again.lines.every(({ at }, index) => at >= (again.lines[index - 1]?.at ?? 0))).toBe(true)
  expect(redacted).not.toContain('base64')
  expect(redacted.split('\n')[0]).toBe('{"library":"7.0.0-rc14","auth":null}')
  expect(() => parseTrace(redacted)).toThrow('cannot be replayed')
})
