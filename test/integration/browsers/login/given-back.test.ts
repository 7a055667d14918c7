/** What a person did by hand in a session counts, also where its effect shows only after they gave keyboard and mouse back. */
import type { Page } from 'puppeteer-core'
import { expect, test } from 'vitest'
import { siteProfile } from '../../../../server/browsers/contract/site-profile.ts'
import { recogniseLogin, type LoginSession } from '../../../../server/browsers/login/login.ts'

const between = new Error('Execution context was destroyed, most likely because of a navigation.')
const shown = (successShown: boolean) => ({ form: !successShown, successShown, failure: false, url: 'http://site.test/' })

/** A session in doubt whose page gives these answers one after the other, the last for ever. */
function inDoubt(answers: readonly (object | Error)[]) {
  const life = new AbortController()
  let asked = 0
  let gained = 0
  const frame = {
    evaluate: async () => {
      const answer = answers[Math.min(asked, answers.length - 1)]
      asked += 1
      if (answer instanceof Error) throw answer
      return answer
    },
  }
  const page = { mainFrame: () => frame, frames: () => [frame], url: () => 'http://site.test/' } as unknown as Page // all that is asked of it
  const session = {
    life: life.signal,
    live: true,
    profile: siteProfile.parse({
      name: 'harbor',
      title: 'Harbor',
      kind: 'form',
      address: 'http://site.test/',
      form: { username: '#username', password: '#password', submit: '#submit' },
      success: { selector: '#out' },
    }),
    login: { holds: false, attempt: null, gained: () => (gained += 1) },
    page: () => page,
  } as unknown as LoginSession // of a session, what looking at its page takes
  return { session, life, asked: () => asked, gained: () => gained }
}

test('a login whose page still loads when keyboard and mouse are given back is recognised', async () => {
  const { session, gained } = inDoubt([between, shown(false), shown(true)])
  await recogniseLogin(session)
  expect(gained()).toBe(1)
})

test('a login that shows at once is recognised with one look', async () => {
  const { session, asked, gained } = inDoubt([shown(true)])
  await recogniseLogin(session)
  expect([asked(), gained()]).toEqual([1, 1])
})

test('a session that ends while it is looked at is let go', async () => {
  const { session, life, gained } = inDoubt([shown(false)])
  const looking = recogniseLogin(session)
  life.abort(new Error('closed'))
  await looking
  expect(gained()).toBe(0)
})
