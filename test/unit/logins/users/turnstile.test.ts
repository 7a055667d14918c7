import { expect, test } from 'vitest'
import { createTurnstile, type LoginAttempt } from '../../../../server/logins/users/turnstile.ts'

const attempt = (address: string, name: string, trusted = false): LoginAttempt => ({ address, name, trusted })

/** Works that end when the test says so. */
function gate(turnstile: ReturnType<typeof createTurnstile>) {
  const begun: string[] = []
  const open: (() => void)[] = []
  const refused: string[] = []
  return {
    begun,
    refused,
    enter(at: LoginAttempt): void {
      const name = `${at.address}/${at.name}`
      turnstile
        .enter(at, () => {
          begun.push(name)
          return new Promise<void>((resolve) => open.push(resolve))
        })
        .catch(() => refused.push(name))
    },
    async finishOne(): Promise<void> {
      open.shift()?.()
      await new Promise((resolve) => setImmediate(resolve))
    },
    settled: () => new Promise((resolve) => setImmediate(resolve)),
  }
}

test('no more run at once than may, and the place of one that ends goes to the next', async () => {
  const works = gate(createTurnstile(2, 10))
  for (const name of ['a', 'b', 'c']) works.enter(attempt('1', name))
  await works.settled()
  expect(works.begun).toEqual(['1/a', '1/b'])
  await works.finishOne()
  expect(works.begun).toEqual(['1/a', '1/b', '1/c'])
})

test('an address that sends many takes turns with one that sends one', async () => {
  const works = gate(createTurnstile(1, 20))
  for (let index = 0; index < 10; index += 1) works.enter(attempt('attacker', `name${index}`))
  works.enter(attempt('elsewhere', 'ann'))
  await works.finishOne()
  expect(works.begun).toEqual(['attacker/name0', 'elsewhere/ann'])
})

test('who has logged in from a shared address lately goes before those who have not, and takes a place from them', async () => {
  const works = gate(createTurnstile(1, 5))
  for (let index = 0; index < 6; index += 1) works.enter(attempt('shared', `guessed${index}`))
  works.enter(attempt('shared', 'ann', true))
  await works.settled()
  expect(works.refused).toEqual(['shared/guessed5'])
  await works.finishOne()
  expect(works.begun.at(-1)).toBe('shared/ann')
})

test('where too many wait, the youngest of the longest line makes room for the first of a shorter one', async () => {
  const works = gate(createTurnstile(1, 5))
  for (let index = 0; index < 6; index += 1) works.enter(attempt('shared', 'guessed'))
  works.enter(attempt('shared', 'bob'))
  works.enter(attempt('elsewhere', 'carl'))
  works.enter(attempt('shared', 'guessed'))
  await works.settled()
  expect(works.refused).toEqual(['shared/guessed', 'shared/guessed', 'shared/guessed'])
  for (let index = 0; index < 6; index += 1) await works.finishOne()
  expect(works.begun).toContain('shared/bob')
  expect(works.begun).toContain('elsewhere/carl')
})

test('work that fails gives its place on', async () => {
  const turnstile = createTurnstile(1, 5)
  await expect(turnstile.enter(attempt('1', 'a'), () => Promise.reject(new Error('failed')))).rejects.toThrow('failed')
  expect(await turnstile.enter(attempt('1', 'a'), async () => 'done')).toBe('done')
})
