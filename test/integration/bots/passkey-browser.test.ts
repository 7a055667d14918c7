/** The browser of the passkey ceremony by itself, without a bot; `passkey.test.ts` has the ceremony. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createPasskeyBrowser } from '../../../server/passkey-browser.ts'
import { temporaryFolder } from '../../fakes/kernel.ts'

test('a browser that does not start leaves no profile behind', async () => {
  const profilesDir = join(temporaryFolder(), 'profiles')
  const browser = createPasskeyBrowser({
    executable: async () => join(profilesDir, 'no-browser'),
    profilesDir,
    test: { prepare: async () => undefined },
  })
  await expect(browser.assert('{}', new AbortController().signal)).rejects.toMatchObject({ code: 'start-failed' })
  expect(readdirSync(profilesDir)).toEqual([])
})
