/** What callers are told of input that is wrong. */
import { expect, it } from 'vitest'
import { browsersContract } from '../../../server/browsers/contract/index.ts'
import { describeFailure } from '../../../server/browsers/contract/published.ts'
import { refuseInvalid } from '../../../server/browsers/one-shot/selectors.ts'
import { fieldIssues } from '../../../server/http/problem.ts'

type RouteName = 'navigate' | 'importState' | 'getSession'

function told(route: RouteName, body: unknown): string {
  const { error } = browsersContract.routes[route].body.safeParse(body)
  if (error === undefined) throw new Error('It is valid')
  const issues = fieldIssues(error, body)
  return describeFailure({ status: 400, code: 'invalid-body', message: '', details: {}, issues, requestId: '' }).error
}

it('fields of a native route that do not go together are named, and not those of the published contract', () => {
  expect(told('navigate', { action: 'up' })).toBe('Invalid fields: give an address of the web, or an action: back, forward or reload')
  expect(told('importState', {})).toBe('Invalid fields: give either storageState or cookiesTxt')
  expect(told('getSession', [])).toBe('Missing required fields: username, password, captcha_api_key')
})

it.each(["'[[[' is not a valid selector.", 'Unknown selector type: nope\npptr:internal:3:9028'])(
  'a selector that is none is the caller’s mistake: %s',
  (message) => {
    expect(() => refuseInvalid(new Error(message))).toThrow(
      expect.objectContaining({ code: 'selector-invalid', message: `The selector is not valid: ${message.split('\n')[0]}` }),
    )
  },
)
