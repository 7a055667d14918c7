/** What is made of what callers give: previews, seconds, shapes, time limits. */
import { expect, test } from 'vitest'
import { KernelFault } from '../../../../server/fault.ts'
import { createPreviews, headOf } from '../../../../server/bots/outgoing/previews.ts'
import { waveformOf } from '../../../../server/bots/outgoing/recordings.ts'
import { lateness } from '../../../../server/bots/outgoing/time-limits.ts'

const { signal } = new AbortController()
const page = `<html><head><title>Plain</title>
  <meta content='Gate &amp; ramp' property=og:title><meta name="description" content="Open &#x2013; always">
  <META PROPERTY="og:image" CONTENT="/gate.png"></head>`
const reply = (body: string, type = 'text/html; charset=utf-8') => new Response(body, { headers: { 'content-type': type } })

test('a page says by its head what is shown of it', () => {
  expect(headOf(page)).toEqual({ title: 'Gate & ramp', description: 'Open – always', image: '/gate.png' })
  expect(headOf('<title> Only\n a title </title>')).toEqual({ title: 'Only a title', description: '', image: null })
  expect(headOf('<p>nothing</p>')).toBeNull()
})

test('a preview is fetched only where it is asked for, with its picture', async () => {
  const asked: string[] = []
  const previews = createPreviews({
    async fetch(input) {
      asked.push(String(input))
      return String(input).endsWith('.png') ? reply('pixels', 'image/png') : reply(page)
    },
    pictures: { thumbnail: async (picture) => Buffer.from(`small ${String(Buffer.from(picture))}`) },
  })
  expect(await previews.of('see https://example.com/gate.', undefined, signal)).toBeNull()
  expect(asked).toEqual([])
  expect(await previews.of('see https://example.com/gate.', 'fetch', signal)).toEqual({
    ...{ url: 'https://example.com/gate', title: 'Gate & ramp', description: 'Open – always' },
    picture: Buffer.from('small pixels').toString('base64'),
  })
  expect(asked).toEqual(['https://example.com/gate', 'https://example.com/gate.png'])
  expect(await previews.of('no link', 'fetch', signal)).toBeNull()
})

test('a page that does not answer keeps no message from going out, and one that may not be reached says so', async () => {
  const by = (fetch: () => Promise<Response>) => createPreviews({ fetch, pictures: { thumbnail: async () => null } })
  const text = 'see http://example.com'
  expect(await by(() => Promise.reject(new TypeError('fetch failed'))).of(text, 'fetch', signal)).toBeNull()
  expect(await by(async () => reply('%PDF', 'application/pdf')).of(text, 'fetch', signal)).toBeNull()
  const refusal = new KernelFault('address-refused', 'a loopback address')
  await expect(by(() => Promise.reject(refusal)).of(text, 'fetch', signal)).rejects.toBe(refusal)
})

test('the shape of a sound is as loud as that, and silence has none', () => {
  const samples = Buffer.alloc(640 * 2)
  for (let at = 320; at < 640; at += 1) samples.writeInt16LE(1_000, at * 2)
  const shape = Buffer.from(waveformOf(samples) ?? '', 'base64')
  expect([...shape]).toEqual([...Array<number>(32).fill(0), ...Array<number>(32).fill(100)])
  expect(waveformOf(Buffer.alloc(1_280))).toBeNull()
})

test('changes are taken for 15 minutes, deletions for two and a half days, and both of what was not sent yet', () => {
  const minute = 60_000
  expect(lateness('edit', 0, 15 * minute)).toBeNull()
  expect(lateness('edit', 0, 15 * minute + 1)).toContain('15 minutes')
  expect(lateness('delete', 0, 60 * 60 * minute)).toBeNull()
  expect(lateness('delete', 0, 60 * 60 * minute + 1)).toContain('two and a half days')
  expect(lateness('edit', null, 99 * minute)).toBeNull()
})
