import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Envelope, generateKey } from '../../../client/brokers/src/index.ts'

const context = { topic: 'orders', messageId: 'm1', timestamp: 1_700_000_000_000 }

/** What the existing clients do, written with another library of the machine. */
function sealAsOthersDo(key: string, text: string): { data: string; hash: string } {
  const iv = randomBytes(16)
  const cipher = createCipheriv('aes-256-cbc', Buffer.from(key, 'base64'), iv)
  const data = `${iv.toString('base64')}:${Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]).toString('base64')}`
  return { data, hash: createHash('sha256').update(data).digest('hex') }
}

describe('envelope version 1', () => {
  it('opens what existing clients seal, and they open what it seals', async () => {
    const key = generateKey()
    const envelope = await Envelope.create(key)
    expect(await envelope.open(sealAsOthersDo(key, 'grüße'), context)).toBe('grüße')
    const { data, hash } = await envelope.seal('größe', context)
    const [iv = '', sealed = ''] = data.split(':')
    const decipher = createDecipheriv('aes-256-cbc', Buffer.from(key, 'base64'), Buffer.from(iv, 'base64'))
    expect(Buffer.concat([decipher.update(Buffer.from(sealed, 'base64')), decipher.final()]).toString('utf8')).toBe('größe')
    expect(hash).toBe(createHash('sha256').update(data).digest('hex'))
  })

  it('never uses an iv twice', async () => {
    const envelope = await Envelope.create(generateKey())
    const seals = await Promise.all(Array.from({ length: 50 }, () => envelope.seal('same', context)))
    expect(new Set(seals.map(({ data }) => data.split(':')[0])).size).toBe(50)
  })

  it('tells damage by the hash', async () => {
    const envelope = await Envelope.create(generateKey())
    const { data, hash } = await envelope.seal('x', context)
    await expect(envelope.open({ data: `A${data.slice(1)}`, hash: data.startsWith('A') ? 'other' : hash }, context)).rejects.toMatchObject({
      code: 'damaged',
    })
  })
})

describe('envelope version 2', () => {
  it('opens what it sealed, also beside version 1', async () => {
    const key = generateKey()
    const [first, second] = [await Envelope.create(key), await Envelope.create(key, { version: 2 })]
    const sealed = await second.seal('secret', context)
    expect(sealed.data).toMatch(/^2\.[0-9a-f]{8}\./)
    expect(await first.open(sealed, context)).toBe('secret')
  })

  it.each([
    ['another topic', { ...context, topic: 'refunds' }],
    ['another message', { ...context, messageId: 'm2' }],
    ['another time', { ...context, timestamp: 1 }],
  ])('refuses a text that was moved to %s, though its hash is right', async (_, other) => {
    const envelope = await Envelope.create(generateKey(), { version: 2 })
    await expect(envelope.open(await envelope.seal('secret', context), other)).rejects.toMatchObject({ code: 'wrong-key' })
  })

  it('refuses a forged text with a right hash, another key, and what is no envelope', async () => {
    const [mine, other] = [await Envelope.create(generateKey(), { version: 2 }), await Envelope.create(generateKey(), { version: 2 })]
    const { data } = await mine.seal('secret', context)
    const forged = data.slice(0, -6) + (data.endsWith('AAAA==') ? 'BBBB==' : 'AAAA==')
    await expect(mine.open({ data: forged }, context)).rejects.toMatchObject({ code: 'wrong-key' })
    await expect(other.open({ data }, context)).rejects.toMatchObject({ code: 'wrong-key' })
    await expect(mine.open({ data: 'plain text' }, context)).rejects.toMatchObject({ code: 'unknown-format' })
  })
})

it('refuses a key that is not 32 bytes in Base64', async () => {
  for (const key of ['', 'short', '!!!', Buffer.alloc(16).toString('base64')])
    await expect(Envelope.create(key)).rejects.toMatchObject({ code: 'bad-key' })
})
