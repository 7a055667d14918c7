import { describe, expect, test } from 'vitest'
import type { ApiCredential } from '../../../../server/relay/contract/index.ts'
import { found, nameOf, ticked, withCredentials } from '../../../../renderer/pages/relay/openapi/api-form.ts'

const credential = (kind: ApiCredential['kind'], parameter = 'Authorization'): ApiCredential => ({
  name: kind,
  kind,
  parameter,
  description: '',
})

describe('what a person types of an API', () => {
  test('goes where the API wants each credential, and what was left empty nowhere', () => {
    const credentials = [credential('header', 'X-Key'), credential('query', 'key'), credential('cookie', 'sid'), credential('basic')]
    expect(withCredentials('https://api.test/v1', credentials, { header: ' k-1 ', query: 'a b', cookie: 'x;y', basic: '' })).toEqual({
      url: 'https://api.test/v1?key=a+b',
      headers: { 'X-Key': 'k-1', Cookie: 'sid=x%3By' },
    })
  })

  test.each([
    ['basic', 'ann:säcret', `Basic ${Buffer.from('ann:säcret').toString('base64')}`],
    ['bearer', 'Bearer t-1', 'Bearer t-1'],
    ['oauth', 't-2', 'Bearer t-2'],
  ] as const)('%s is an Authorization header', (kind, value, header) => {
    expect(withCredentials('https://api.test/', [credential(kind)], { [kind]: value }).headers).toEqual({ Authorization: header })
  })

  test('finds operations by any of their words', () => {
    const operations = [{ id: 'GET /slots', name: 'listSlots', summary: 'All of a block', readOnly: true, deprecated: false }]
    expect(
      [found(operations, 'BLOCK'), found(operations, 'get /s'), found(operations, ' '), found(operations, 'rail')].map(
        ({ length }) => length,
      ),
    ).toEqual([1, 1, 1, 0])
  })

  test('is ticked for reading only at one press, and what was not shown stays as it was', () => {
    const operation = (id: string, readOnly: boolean) => ({ id, name: id, summary: '', readOnly, deprecated: false })
    const shown = [operation('list', true), operation('book', false)]
    expect([...ticked(new Set(['book', 'elsewhere']), shown, ({ readOnly }) => readOnly)]).toEqual(['elsewhere', 'list'])
  })

  test('has a name that its title suggests', () => {
    expect([nameOf('Yard & Gate API'), nameOf('港')]).toEqual(['yard-gate-api', 'api'])
  })
})
