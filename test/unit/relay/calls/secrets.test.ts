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

test('a secret beside what leads in circles is known, and one further in than anybody looks by its name', () => {
  const page = { $ref: '#/$defs/page' }
  const inputSchema = {
    type: 'object',
    properties: { up: page, down: page, next: page, same: { $ref: '#' }, pin: { type: 'string', format: 'password' }, password: text },
    $defs: {
      page: { anyOf: [page, { $ref: '#' }], properties: { up: page, down: page, next: page, last: page }, additionalProperties: page },
    },
  }
  const deep = (password: unknown) => {
    const innermost = { password, user: 'ann', resetPassword: true }
    return ['last', 'next', 'down', 'up', 'down', 'next', 'last', 'up', 'up', 'up'].reduce(
      (inner, name) => ({ [name]: inner }),
      innermost as object,
    )
  }
  const args = {
    pin: 'pin-4711',
    password: 'sesame',
    same: { pin: 'pin-4712' },
    next: { pin: 'pin-4713' },
    down: { last: { pin: 'pin-4714' } },
    ...deep('sesame'),
  }
  const hidden = {
    pin: '[secret]',
    password: '[secret]',
    same: { pin: '[secret]' },
    next: { pin: '[secret]' },
    down: { last: { pin: '[secret]' } },
    ...deep('[secret]'),
  }
  const secrets = new Secrets()
  const entry = entryOf('pages', inputSchema)
  expect(secrets.shown(entry, args)).toEqual(hidden)
  const kept = secrets.kept(entry, { arguments: args })
  const again = Object.fromEntries(kept.secrets.map((pointer) => [pointer, 'given anew']))
  expect(JSON.stringify(withSecrets(argumentsOf(JSON.stringify(kept.request)), again))).not.toContain('[secret]')
})

test('a schema made of many branches that lead back to it is looked at so often and no more', () => {
  let looks = 0
  const counted = <Value extends object>(value: Value): Value =>
    new Proxy(value, {
      get: (of, key) => {
        looks += 1
        return Reflect.get(of, key)
      },
    })
  const branches = Array.from({ length: 500 }, (_, at) => ({ $ref: `#/$defs/${at % 2 === 0 ? 'a' : 'b'}` }))
  const part = counted({ anyOf: counted(branches), properties: { a: { $ref: '#/$defs/a' }, b: { $ref: '#/$defs/b' } } })
  const inputSchema = {
    type: 'object',
    properties: { password: text, a: { $ref: '#/$defs/a' } },
    $defs: counted({ a: part, b: { ...part } }),
  }
  const shown = new Secrets().shown(entryOf('wide', inputSchema), { password: 'sesame', a: { b: { api_key: 'key-4711', name: 'x' } } })
  expect(looks).toBeLessThan(20_000)
  expect(shown).toEqual({ password: '[secret]', a: { b: { api_key: '[secret]', name: 'x' } } })
})

test('a reference as long as a schema may be is followed once however many branches name it', () => {
  let steps = 0
  const round: object = new Proxy(
    {},
    {
      getOwnPropertyDescriptor() {
        steps += 1
        return { value: round, configurable: true, enumerable: true }
      },
      get: () => round,
    },
  )
  const far = { $ref: `#/$defs${'/x'.repeat(100)}` }
  const inputSchema = {
    type: 'object',
    properties: { password: text, odd: { anyOf: Array.from({ length: 1_000 }, () => far) } },
    $defs: round,
  }
  expect(new Secrets().shown(entryOf('far', inputSchema), { password: 'sesame' })).toEqual({ password: '[secret]' })
  expect(steps).toBeLessThan(1_000)
})

test('what stands within a secret is hidden with it, as one', () => {
  const entry = entryOf('either', {
    properties: { way: { anyOf: [{ format: 'password' }, { properties: { pin: { format: 'password' } } }] } },
  })
  const kept = new Secrets().kept(entry, { arguments: { way: { pin: 'pin-4711' } } })
  expect(kept).toMatchObject({ request: { arguments: { way: '[secret]' } }, secrets: ['/way'] })
  expect(kept.clean('no pin-4711', true)).toBe('no [secret]')
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
