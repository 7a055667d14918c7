import { expect, it } from 'vitest'
import { siteFile } from '../../../../../renderer/pages/browsers/sites/site-file.ts'
import { siteProfile } from '../../../../../server/browsers/contract/index.ts'

const site = siteProfile.parse({
  ...{ name: 'portal', title: 'Portal', kind: 'none', address: 'https://portal.example/' },
  fields: { company: { value: 'ACME' }, pin: { value: 'pin-4711', secret: true } },
  totp: { secret: 'JBSWY3DPEHPK3PXP' },
  httpAuth: { username: 'front-door', password: 'open-sesame' },
})

it('a site is exported without anything that could sign somebody in, basic authentication included', () => {
  const file = siteFile(site)
  for (const secret of ['pin-4711', 'JBSWY3DPEHPK3PXP', 'front-door', 'open-sesame']) expect(file).not.toContain(secret)
  expect(siteProfile.parse(JSON.parse(file))).toMatchObject({
    fields: { company: { value: 'ACME' }, pin: { secret: true } },
    totp: { digits: 6 },
    httpAuth: { username: '', password: '' },
  })
})

it('names of what a session brings along stay in the file', () => {
  const httpAuth = { username: '{username}', password: '{password}' }
  expect(JSON.parse(siteFile({ ...site, httpAuth })).httpAuth).toEqual(httpAuth)
})
