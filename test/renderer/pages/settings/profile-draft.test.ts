import { describe, expect, it } from 'vitest'
import { siteProfile } from '../../../../server/browsers/contract/index.ts'
import { draftOf, readDraft } from '../../../../renderer/pages/settings/profile-draft.ts'

const complete = () =>
  Object.assign(draftOf(null), {
    name: 'north-gate',
    title: 'North gate',
    address: 'https://gate.example.org/login',
    form: { username: '#u', password: '#p', submit: '#go' },
  })

describe('the site profile form', () => {
  it('turns an untouched profile back into itself', () => {
    const given = {
      name: 'north-gate',
      title: 'North gate',
      kind: 'form',
      address: 'https://gate.example.org/login',
      form: { username: '#u', password: '#p', submit: '#go' },
      captcha: { kind: 'image', element: '#c', answer: '#a' },
      success: { url: '/home' },
      failure: { text: 'wrong' },
      loginTimeout: 45_000,
      refresh: { address: 'https://gate.example.org/me', every: 60_000, loggedOutUrl: '/login' },
      operations: { get_booking_number: { inputs: { container_id: '[A-Z]+' }, steps: [{ click: '.row' }], read: '.booking' } },
    }
    const { name, ...expected } = siteProfile.parse(given)
    expect(readDraft(draftOf({ ...expected, name, builtIn: false }))).toEqual({ profile: expected })
  })

  it('leaves the steps of a login, and what else it does not show, as they were', () => {
    const steps = [{ fill: '#u', value: '{username}' }, { click: '#go' }]
    const address = 'https://gate.example.org/login'
    const parsed = siteProfile.parse({ name: 'north-gate', title: 'North gate', kind: 'form', address, login: { steps }, popups: true })
    const profile = { ...parsed, builtIn: false }
    expect(readDraft(draftOf(profile), profile)).toMatchObject({ profile: { form: null, login: { steps }, popups: true } })
  })

  it('leaves out what was left empty', () => {
    expect(readDraft(complete())).toMatchObject({ profile: { captcha: null, success: null, failure: null, refresh: null, operations: {} } })
  })

  it('names every field that is not complete', () => {
    const draft = Object.assign(complete(), { name: 'North Gate', address: 'gate', captcha: { kind: 'image', element: '', answer: '#a' } })
    const read = readDraft(draft)
    expect('problems' in read ? Object.keys(read.problems).sort() : []).toEqual(['address', 'captcha.element', 'name'])
  })

  it('says that broken JSON is broken JSON', () => {
    expect(readDraft(Object.assign(complete(), { operations: '{' }))).toEqual({ problems: { operations: 'This is not JSON' } })
  })
})
