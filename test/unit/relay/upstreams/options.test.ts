/** How one server is treated: each option has a default, and a change of one leaves the others as they were. */
import { expect, test } from 'vitest'
import { newUpstream, upstreamPatch } from '../../../../server/relay/contract/upstream.ts'
import { defaultOptions, upstreamOptionsPatch, withOptions } from '../../../../server/relay/contract/upstream-options.ts'

test('a server that nobody has set anything of gets a minute and more for each wait', () => {
  expect(defaultOptions.startTimeout).toBeGreaterThanOrEqual(60)
  expect(defaultOptions.listTimeout).toBeGreaterThanOrEqual(60)
  expect(defaultOptions.callTimeout).toBeNull()
})

test('an option that is changed leaves the others as a person chose them', () => {
  const chosen = withOptions(defaultOptions, { startTimeout: 300, callTimeout: 5 })
  const patch = upstreamPatch.parse({ options: { listTimeout: 20 } }).options
  expect(patch).toEqual({ listTimeout: 20 })
  expect(withOptions(chosen, patch)).toEqual({ ...defaultOptions, startTimeout: 300, callTimeout: 5, listTimeout: 20 })
  expect(withOptions(chosen, { callTimeout: null })).toMatchObject({ startTimeout: 300, callTimeout: null })
})

test('an option that does not exist, or a time that is none, is refused and not passed over', () => {
  const server = { name: 'odd', transport: 'stdio', command: 'odd' }
  expect(newUpstream.safeParse({ ...server, options: { startTimeout: 90 } }).success).toBe(true)
  for (const options of [{ startTimeOut: 90 }, { startTimeout: 0 }, { startTimeout: '90' }, { listTimeout: null }])
    expect(upstreamOptionsPatch.safeParse(options).success).toBe(false)
})
