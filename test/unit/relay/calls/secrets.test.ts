/** What of a call is kept and shown, where its arguments or its answer hold secrets. */
import { expect, test } from 'vitest'
import { Secrets } from '../../../../server/relay/calls/secrets.ts'
import { builtInId } from '../../../../server/relay/upstreams/definition.ts'
import type { ToolEntry } from '../../../../server/relay/sessions/view.ts'
import { argumentsOf, labelOf, withSecrets } from '../../../../renderer/pages/relay/replayed.ts'

const entryOf = (name: string, inputSchema: object = {}, server = 'up_1') =>
  ({ upstream: { definition: { id: server } }, tool: { name, definition: { name, inputSchema } } }) as unknown as ToolEntry // What is read of it.

const text = { type: 'string' }
const login = entryOf('login', {
  type: 'object',
  properties: {
    user: text,
    pin: { type: 'string', format: 'password' },
    newPassword: text,
    captcha_api_key: text,
    maxTokens: { type: 'integer' },
    pageToken: text,
    resetPassword: { type: 'boolean' },
    answers: { type: 'array', items: { $ref: '#/$defs/answer' } },
    way: { anyOf: [{ type: 'null' }, { type: 'object', properties: { proof: { type: 'string', writeOnly: true } } }] },
    vault: { type: 'object', additionalProperties: { type: 'string', writeOnly: true } },
  },
  $defs: { answer: { type: 'object', properties: { text: { type: 'string', writeOnly: true }, next: { $ref: '#/$defs/answer' } } } },
})

test('arguments that a schema or a name calls secret are neither kept nor shown to who is asked for a yes', () => {
  const args = {
    ...{ user: 'ann', pin: 'pin-4711', newPassword: 'new-4711', captcha_api_key: 'key-4711', maxTokens: 4711, pageToken: 'page-2' },
    ...{ resetPassword: true, answers: [{ text: 'rex-4711', next: { text: 'max-4711' } }], way: { proof: 'way-4711' } },
    vault: { 'a/b': 'vault-4711' },
  }
  const seen = {
    ...{ user: 'ann', pin: '[secret]', newPassword: '[secret]', captcha_api_key: '[secret]', maxTokens: 4711, pageToken: 'page-2' },
    ...{ resetPassword: true, answers: [{ text: '[secret]', next: { text: '[secret]' } }], way: { proof: '[secret]' } },
    vault: { 'a/b': '[secret]' },
  }
  const secrets = new Secrets()
  expect(secrets.shown(login, args)).toEqual(seen)
  const kept = secrets.kept(login, { name: 'login', arguments: args })
  expect(kept.request).toEqual({ name: 'login', arguments: seen })
  expect(secrets.kept(login, { jsonrpc: '2.0', params: { name: 'login', arguments: args } }).request).toEqual({
    jsonrpc: '2.0',
    params: { name: 'login', arguments: seen },
  })
  // Given again, a call from the inspector is the one that was sent.
  const again = kept.secrets.map((pointer) => [pointer, { '/vault/a~1b': 'vault-4711' }[pointer] ?? 'other'])
  expect(withSecrets(argumentsOf(JSON.stringify(kept.request)), Object.fromEntries(again))).toMatchObject({
    ...{ user: 'ann', pin: 'other', answers: [{ text: 'other', next: { text: 'other' } }], vault: { 'a/b': 'vault-4711' } },
  })
  expect(kept.secrets.map(labelOf)).toContain('answers 1 next text')
})

test('an answer that repeats a secret is kept without it, however deep it stands in texts of JSON', () => {
  const pin = 'a"b\\c'
  const { clean } = new Secrets().kept(login, { arguments: { pin, newPassword: 'abc' } })
  const answer = { content: [{ type: 'text', text: JSON.stringify({ said: `no user with ${pin}` }) }], structuredContent: { said: pin } }
  expect(clean(answer, false)).toBe(
    '{"content":[{"type":"text","text":"{\\"said\\":\\"no user with [secret]\\"}"}],"structuredContent":{"said":"[secret]"}}',
  )
  expect(clean(`wrong pin ${pin}, but abc`, true)).toBe('wrong pin [secret], but abc')
})

test('a tool of Wheelhouse names its own: what is typed is shown to who is asked, and an answer with a key is not kept', () => {
  const secrets = new Secrets(() => [
    { name: 'type', secrets: { arguments: ['password'], typed: ['fields.*.value'] } },
    { name: 'create', secrets: { answer: true } },
  ])
  const type = entryOf('type', {}, builtInId)
  const args = {
    password: 'sesame',
    fields: [
      { ref: 'e1', value: 'hunter2' },
      { ref: 'e2', value: true },
    ],
  }
  expect(secrets.shown(type, args)).toEqual({ ...args, password: '[secret]' })
  expect(secrets.kept(type, { arguments: args })).toMatchObject({
    request: {
      arguments: {
        password: '[secret]',
        fields: [
          { ref: 'e1', value: '[secret]' },
          { ref: 'e2', value: true },
        ],
      },
    },
    secrets: ['/password', '/fields/0/value'],
  })
  const { clean } = secrets.kept(entryOf('create', {}, builtInId), { arguments: {} })
  expect(clean('{"result":{"password":"sesame"}}', false)).toEqual({ content: [{ type: 'text', text: '[secret]' }] })
  expect(clean({ isError: true, content: [{ type: 'text', text: 'There is one' }] }, true)).toMatchObject({ isError: true })
})

test('a schema that leads in circles, or names what every object has, is read to an end', () => {
  const all = { $ref: '#' }
  const circle = { type: 'object', properties: { a: all, b: all, c: all, password: text }, anyOf: [all, all], items: all }
  const entry = entryOf('circle', circle)
  const args = JSON.parse('{"password":"sesame","__proto__":{"password":"sesame"}}')
  expect(JSON.stringify(new Secrets().shown(entry, args))).toContain('"password":"[secret]"')
  for (const inputSchema of [null, 'x', { properties: [] }, { properties: { a: null } }, { items: 5, anyOf: 'x' }])
    expect(new Secrets().shown(entryOf('odd', inputSchema as object), { a: 1 })).toEqual({ a: 1 })
})
