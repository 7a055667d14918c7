import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { identityOf, queueKeyOf } from '../../../../server/brokers/access/access.ts'
import { readLoginName } from '../../../../server/brokers/access/login-name.ts'
import { covers, everything, judgePublish, judgeSubscribe, overlaps, type AccessRule } from '../../../../server/brokers/access/rules.ts'
import { matches } from '../../../../server/brokers/engine/topics.ts'

const level = fc.constantFrom('a', 'b', '$SYS', '')
const topics = fc.array(level, { minLength: 1, maxLength: 3 }).map((levels) => levels.join('/'))
const filters = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { minLength: 0, maxLength: 3 }), fc.boolean())
  .map(([levels, isOpen]) => [...levels, ...(isOpen || levels.length === 0 ? ['#'] : [])].join('/'))
const rules = fc.array(
  fc.record({ action: fc.constant('subscribe' as const), permission: fc.constantFrom('allow' as const, 'deny' as const), topic: filters }),
  { maxLength: 4 },
)
const somebody = { name: 'door', clientId: 'door' }
const every = ['a', 'b', '$SYS', ''].flatMap((one) => [
  one,
  ...['a', 'b', '$SYS', ''].flatMap((two) => [`${one}/${two}`, ...['a', '$SYS', ''].map((three) => `${one}/${two}/${three}`)]),
])

describe('rules of a named client', () => {
  it('never let a subscription in by which something could come that they forbid', () => {
    fc.assert(
      fc.property(rules, filters, (chosen, filter) => {
        fc.pre(judgeSubscribe(chosen, somebody, filter).isAllowed)
        for (const topic of every) if (matches(filter, topic)) expect(judgeSubscribe(chosen, somebody, topic).isAllowed).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('know which filters lie within another, and which have a topic in common', () => {
    fc.assert(
      fc.property(filters, fc.oneof(filters, topics), (one, other) => {
        const common = every.filter((topic) => matches(one, topic) && matches(other, topic))
        if (common.length > 0) expect(overlaps(one, other)).toBe(true)
        if (covers(one, other)) for (const topic of every) if (matches(other, topic)) expect(matches(one, topic)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it.each<[string, AccessRule[], string, boolean, number | null]>([
    ['the first that applies decides', [rule('deny', 'a/secret'), rule('allow', 'a/#')], 'a/secret', false, 0],
    ['and not a later one', [rule('allow', 'a/#'), rule('deny', 'a/secret')], 'a/secret', true, 0],
    ['where none applies it may not', [rule('allow', 'a/#')], 'b', false, null],
    ['a rule for subscribing says nothing of publishing', [rule('allow', '#', 'subscribe')], 'a', false, null],
    ['%u is its name', [rule('allow', 'doors/%u/+')], 'doors/door/state', true, 0],
    ['not another one’s', [rule('allow', 'doors/%u/+')], 'doors/gate/state', false, null],
    ['# does not reach topics that begin with $', everything.slice(), '$SYS/broker', false, null],
    ['nor the session’s log', everything.slice(), 'sys/logs', false, null],
    ['unless they are named', [rule('allow', '$SYS/#')], '$SYS/broker', true, 0],
  ])('%s', (_, chosen, topic, isAllowed, decided) => {
    expect(judgePublish(chosen, somebody, topic)).toEqual({ isAllowed, rule: decided })
  })

  it('refuses a subscription of which a part is denied, and does not take a part that is allowed for the whole', () => {
    const chosen = [rule('deny', 'a/secret/#'), rule('allow', 'a/+'), rule('allow', 'b/#')]
    expect(judgeSubscribe(chosen, somebody, 'a/#')).toEqual({ isAllowed: false, rule: 0 })
    expect(judgeSubscribe(chosen, somebody, 'a/+')).toEqual({ isAllowed: false, rule: 0 })
    expect(judgeSubscribe(chosen, somebody, 'a/b')).toEqual({ isAllowed: true, rule: 1 })
    expect(judgeSubscribe(chosen, somebody, '#')).toEqual({ isAllowed: false, rule: 0 })
    expect(judgeSubscribe(chosen, somebody, 'b/+/c')).toEqual({ isAllowed: true, rule: 2 })
  })

  it.each(['#', '+', 'x/y', '', '%u'])('do not let a client write them by its client id %j', (clientId) => {
    const identity = { name: 'door', clientId }
    expect(judgeSubscribe([rule('allow', 'doors/%c')], identity, 'doors/#').isAllowed).toBe(false)
    expect(judgeSubscribe([rule('allow', 'doors/%c/#')], identity, 'doors/door/a').isAllowed).toBe(false)
    expect(judgePublish([rule('deny', 'doors/%c'), rule('allow', '#')], identity, 'doors/x').isAllowed).toBe(true)
  })
})

describe('a client id at the beginning of a rule', () => {
  it('opens neither what the server says of itself nor the log of the session', () => {
    const called = (clientId: string) => ({ name: 'door', clientId })
    expect(judgeSubscribe([rule('allow', '%c/#')], called('$SYS'), '$SYS/#')).toEqual({ isAllowed: false, rule: null })
    expect(judgeSubscribe([rule('allow', '%c/logs')], called('sys'), 'sys/logs')).toEqual({ isAllowed: false, rule: null })
    expect(judgeSubscribe([rule('allow', '$SYS/%c/#')], called('$door'), '$SYS/$door/#')).toEqual({ isAllowed: true, rule: 0 })
  })
})

describe('names of queues', () => {
  it('tell whose queue it is, and under which client id', () => {
    for (const identity of [somebody, { name: 'door', clientId: 'a/b' }, { name: 'door', clientId: '@x' }])
      for (const protocol of ['mqtt', 'user'] as const) expect(identityOf(queueKeyOf(protocol, identity))).toEqual(identity)
    // Of a client with the session's password, which may call itself what it likes.
    for (const key of ['mqtt:door', 'mqtt:@door', 'user:@door/phone']) expect(identityOf(key)).toBeNull()
    expect(identityOf('worker:rule/1')).toBeNull()
  })
})

describe('a login name', () => {
  const sessions = new Set(['orders', 'orders:eu', 'x:y:z'])
  it.each([
    ['orders', 'orders', null],
    ['orders:door', 'orders', 'door'],
    ['orders:eu', 'orders:eu', null],
    ['orders:eu:door', 'orders:eu', 'door'],
    ['x:y:z:a:b', 'x:y:z', 'a:b'],
    ['nothing:door', 'nothing', 'door'],
    ['nothing', 'nothing', null],
    [':', '', ''],
  ])('%s is the session %s and the client %s', (text, session, client) => {
    expect(readLoginName(text, (name) => sessions.has(name))).toEqual({ session, client })
  })
})

function rule(permission: AccessRule['permission'], topic: string, action: AccessRule['action'] = 'both'): AccessRule {
  return { action, permission, topic }
}
