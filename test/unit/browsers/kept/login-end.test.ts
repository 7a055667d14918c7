import { expect, it } from 'vitest'
import type { StateCookie } from '../../../../server/browsers/kept/browser-state.ts'
import { loginEndOf } from '../../../../server/browsers/kept/cookies.ts'

const cookie = (name: string, expires: number, more: Partial<StateCookie> = {}): StateCookie => ({
  ...{ name, value: 'x', domain: 'app.test', path: '/', expires, httpOnly: true, secure: true },
  ...more,
})

it('a login is estimated to be good until the first cookie ends that scripts of its site cannot read, which is named', () => {
  const cookies = [cookie('sid', 9_000), cookie('refresh', 90_000), cookie('theme', 10, { httpOnly: false })]
  expect(loginEndOf(cookies, ['app.test'])).toEqual({ at: 9_000_000, cookie: 'sid' })
})

it('nothing is said where one of them ends with the browser, or where there is none', () => {
  expect(loginEndOf([cookie('sid', -1), cookie('remember', 90_000)], ['app.test'])).toBeNull()
  expect(loginEndOf([], ['app.test'])).toBeNull()
})

it('what stands before a site against robots, or belongs to another site, says nothing about the login', () => {
  const others = ['__cf_bm', '_abck', 'AWSALB', 'incap_ses_12_34'].map((name) => cookie(name, 60))
  const foreign = cookie('sid', 70, { domain: '.elsewhere.test' })
  expect(loginEndOf([...others, foreign, cookie('login', 9_000)], ['app.test', 'id.test'])).toEqual({ at: 9_000_000, cookie: 'login' })
})

it('it counts at each host at which the login may stand', () => {
  expect(loginEndOf([cookie('sso', 8_000, { domain: '.id.test' })], ['app.test', 'login.id.test'])).toEqual({
    at: 8_000_000,
    cookie: 'sso',
  })
})
