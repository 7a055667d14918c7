import { describe, expect, it } from 'vitest'
import {
  changesIn,
  draftOf,
  moveStep,
  problemOf,
  profileOf,
  withSelector,
} from '../../../../../renderer/pages/browsers/sites/steps-draft.ts'
import { siteProfile } from '../../../../../server/browsers/contract/index.ts'

const form = { username: '#user', password: '#pass', submit: '#go' }
const site = {
  ...siteProfile.parse({ name: 'portal', title: 'Portal', kind: 'form', address: 'https://portal.example/login', form }),
  builtIn: false,
}

describe('the steps of a site', () => {
  it('are those that an older form means, and are saved as steps', () => {
    const draft = draftOf(site)
    expect(draft.steps).toEqual([{ fill: '#user', value: '{username}' }, { fill: '#pass', value: '{password}' }, { click: '#go' }])
    expect(changesIn(site, draft)).toBe(0)
    expect(profileOf(site, draft)).toMatchObject({ kind: 'form', form: null, login: { steps: draft.steps } })
    expect(profileOf(site, { ...draft, steps: [] })).toMatchObject({ kind: 'none', login: null })
  })

  it('are counted while they are not saved, and moved within their list', () => {
    const draft = draftOf(site)
    expect(moveStep(draft.steps, 2, 1)).toBe(1)
    expect(moveStep(draft.steps, 0, -1)).toBe(0)
    expect(changesIn(site, draft)).toBe(1)
    draft.steps.push({ waitFor: '#home' })
    expect(changesIn(site, draft)).toBe(1)
    expect(changesIn(site, { ...draft, title: 'Other' })).toBe(2)
  })

  it('say what is wrong with one, and take another selector where their kind has it', () => {
    expect(problemOf({ click: '' })).toContain('click')
    expect(problemOf({ click: '#go' })).toBeNull()
    expect(withSelector({ press: 'Enter' }, '#code')).toEqual({ press: 'Enter', on: '#code' })
    expect(withSelector({ person: 'Enter the code', until: { selector: '#a' } }, '#b')).toMatchObject({ until: { selector: '#b' } })
  })
})
