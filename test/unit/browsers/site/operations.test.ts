import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runsInOwnPage } from '../../../../server/browsers/site/operations.ts'
import { escapeSelector, fillIn } from '../../../../server/browsers/steps/fill-in.ts'
import { siteProfile } from '../../../../server/browsers/contract/site-profile.ts'

describe("the request's fields in an operation", () => {
  it('take the place of their names', () => {
    expect(fillIn('https://portal.test/c?q={container_id}', { container_id: 'TRHU1866154' }, encodeURIComponent)).toBe(
      'https://portal.test/c?q=TRHU1866154',
    )
  })

  it('leave names alone that the request does not have, also those that every object has', () => {
    expect(fillIn('{other} {constructor}', { container_id: 'X' }, String)).toBe('{other} {constructor}')
  })

  it('are not filled in a second time', () => {
    expect(fillIn('{a}', { a: '{b}', b: 'secret' }, String)).toBe('{b}')
  })

  it('cannot change the address they stand in', () => {
    expect(fillIn('https://portal.test/c?q={container_id}', { container_id: 'x&admin=1#/../..' }, encodeURIComponent)).toBe(
      'https://portal.test/c?q=x%26admin%3D1%23%2F..%2F..',
    )
  })

  it('cannot break out of a selector', () => {
    expect(escapeSelector('TRHU1866154')).toBe('TRHU1866154')
    expect(escapeSelector('"], body')).toBe('\\22 \\5d \\2c \\20 body')
    expect(escapeSelector('1x')).toBe('\\31 x')
  })

  it('contain nothing in a selector that CSS gives a meaning, whatever they are', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        (value) => !/["'[\]{}()<>.#:,*+~>=|^$!@/;%&`?]|\\(?![0-9a-f]+ )|[\n\r\f]/u.test(escapeSelector(value)),
      ),
    )
  })
})

describe('the page of an operation', () => {
  const profile = siteProfile.parse({
    name: 'portal',
    title: 'Portal',
    kind: 'none',
    address: null,
    operations: { elsewhere: { address: 'https://portal.test/c', read: 'h1' }, here: { read: 'h1' } },
  })

  it('is one of its own when it has an address', () => expect(runsInOwnPage(profile, 'elsewhere')).toBe(true))
  it('is what the tab shows when it has none', () => expect(runsInOwnPage(profile, 'here')).toBe(false))
  it('is refused for an operation that the profile does not have', () => {
    expect(() => runsInOwnPage(profile, 'toString')).toThrow(expect.objectContaining({ code: 'operation-unknown' }))
  })
})
