import { describe, expect, it } from 'vitest'
import { selectorProblem } from '../../../../server/browsers/site/selector-problem.ts'
import { builtInProfiles } from '../../../../server/browsers/site/built-in-profiles.ts'
import { checkProfile } from '../../../../server/browsers/site/check-profile.ts'

describe('a selector of a profile', () => {
  it.each([
    'input[name="username" i], input[type="email"], #username',
    '.g-recaptcha, [data-sitekey], iframe[src*="recaptcha"]',
    '[data-container="{container_id}"] button, tr[id*="{container_id}"] + tr .booking-number',
    'login-box >>> input[type=password]',
    '>>> #user',
    'text/Sign in',
    'aria/Sign in[role="button"]',
    'xpath///button[contains(., "Go")]',
    '::-p-text(Continue)',
    'button::-p-aria([name="Save"])',
    'td:nth-child(2)',
    'a:not(.x, [href^="#"]):has(> img)',
    '*',
    'svg|a',
    '#\\31 x',
    'div > p ~ b+i',
    'a[title="it is ] and ("]',
    '.größe',
    'input:where(:not([disabled]))',
  ])('may be %s', (selector) => expect(selectorProblem(selector)).toBeNull())

  it.each(['input[[', '#', 'a >', '> > b', 'a,,b', 'a[href="x]', ':not(', 'a)', '.1a', 'a[=x]', 'text/', 'a::', 'p{color:red}'])(
    'cannot be %s',
    (selector) => expect(selectorProblem(selector)).not.toBeNull(),
  )

  it('is good in every profile that comes with Wheelhouse', () => {
    for (const profile of builtInProfiles) expect(() => checkProfile(profile)).not.toThrow()
  })
})
