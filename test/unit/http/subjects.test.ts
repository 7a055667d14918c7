import { expect, it } from 'vitest'
import type { Api } from '../../../server/http/api.ts'
import type { Standing } from '../../../server/http/rights.ts'
import { checkSubject } from '../../../server/http/subjects.ts'

const api = {
  contract: { api: 'bots', subject: { params: ['userId'], missing: 'bot-not-found' } },
  makersOf: (subject: string) => ({ mine: ['key:me'], hers: ['key:her'] })[subject],
} as unknown as Api // no more of it is looked at
const standing: Standing = {
  maker: 'key:me',
  may: () => true,
  reaches: (_, { makers }) => makers.includes('key:me'),
}
const told = (subject: string | null, isThere: boolean): unknown => {
  try {
    checkSubject(api, { right: 'bots:use' }, subject, standing, { isThere })
    return 'nothing'
  } catch (error) {
    return [(error as { code: string }).code, (error as Error).message]
  }
}

it('a socket is refused alike for what is somebody else’s and for what is not there', () => {
  const refused = ['bot-not-found', 'There is no such thing']
  expect([told('mine', true), told('hers', true), told('nowhere', true), told(null, true)]).toEqual([
    'nothing',
    refused,
    refused,
    'nothing',
  ])
})

it('a route says in its own words that a thing is not there', () => {
  expect([told('mine', false), told('hers', false), told('nowhere', false)]).toEqual([
    'nothing',
    ['bot-not-found', 'There is no such thing'],
    'nothing',
  ])
})
