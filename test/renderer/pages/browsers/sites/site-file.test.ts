import { expect, it } from 'vitest'
import { freeSiteName, isSiteName, missingSecrets, readSiteFile, siteFile } from '../../../../../renderer/pages/browsers/sites/site-file.ts'
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

it('a file says what secrets it could not bring, or why it is no site', () => {
  expect(missingSecrets(readSiteFile(siteFile(site)))).toEqual(['{pin}', 'the secret of one-time codes', 'basic authentication'])
  expect(() => readSiteFile('{')).toThrow('It is not JSON')
  expect(() => readSiteFile('{ "name": "gate" }')).toThrow(/It is no site. \w+: /)
})

it('a site comes in beside one of the same name', () => {
  expect(freeSiteName('portal', ['gate'])).toBe('portal')
  expect(freeSiteName('portal', ['portal', 'portal-2'])).toBe('portal-3')
  expect(isSiteName('portal-3') && !isSiteName('Portal 3')).toBe(true)
})
