import { describe, expect, it } from 'vitest'
import {
  changesIn,
  draftOf,
  moveStep,
  problemOf,
  profileOf,
  readOperation,
  refusalOf,
  placeOf,
  waitKindOf,
  withWait,
  withSelector,
} from '../../../../../renderer/pages/browsers/sites/steps-draft.ts'
import { ApiError } from '../../../../../renderer/api/api-error.ts'
import { siteProfile } from '../../../../../server/browsers/contract/index.ts'

const form = { username: '#user', password: '#pass', submit: '#go' }
const site = {
  ...siteProfile.parse({ name: 'portal', title: 'Portal', kind: 'form', address: 'https://portal.example/login', form }),
  builtIn: false,
}

describe('a site in the editor', () => {
  it('turns an untouched profile back into itself', () => {
    const given = {
      ...{ name: 'north-gate', title: 'North gate', kind: 'form', address: 'https://gate.example.org/login' },
      ...{ description: 'The gate', popups: true, ignoreCertificateErrors: true, keep: false, downloads: 'deny', loginTimeout: 45_000 },
      login: { steps: [{ fill: '#u', value: '{company}' }, { captcha: { kind: 'image', element: '#c', answer: '#a' } }, { click: '#go' }] },
      fields: { company: { value: 'ACME' }, pin: { secret: true, set: true } },
      totp: { set: true, digits: 8 },
      httpAuth: { username: '{username}', password: '{password}' },
      success: { url: '/home' },
      failure: { text: 'wrong' },
      refresh: { address: 'https://gate.example.org/me', every: 60_000, loggedOutUrl: '/login' },
      operations: { get_booking_number: { inputs: { container_id: '[A-Z]+' }, steps: [{ click: '.row' }], read: '.booking' } },
    }
    const profile = siteProfile.parse(given)
    const viewed = { ...profile, builtIn: false }
    expect(profileOf(viewed, draftOf(viewed))).toEqual(profile)
    expect(changesIn(viewed, draftOf(viewed))).toBe(0)
  })

  it('says where it was refused', () => {
    const words = 'login.steps.1.value has {company}, and the profile has no field of that name'
    const refusal = refusalOf(new ApiError(400, 'profile-invalid', words))
    expect(refusal).toEqual({ field: 'login.steps.1.value', message: words })
    expect(placeOf(refusal?.field ?? '')).toEqual({ operation: null, step: 1 })
    expect(placeOf('operations.list_holds.steps.0.click')).toEqual({ operation: 'list_holds', step: 0 })
    expect(refusalOf(new ApiError(0, 'unreachable', 'The server cannot be reached'))).toBeNull()
  })

  it('reads an operation out of JSON, or says what is wrong with it', () => {
    expect(readOperation('{')).toEqual({ problem: 'This is not JSON' })
    expect(readOperation('{ "read": "#total" }')).toEqual({ operation: { inputs: {}, steps: [], read: '#total' } })
    expect(readOperation('{ "read": "#total", "steps": 3 }')).toEqual({ problem: expect.stringContaining('steps') })
  })
})

describe('the steps of a site', () => {
  it('wait for an element, an address, a text or quiet', () => {
    for (const kind of ['selector', 'url', 'text', 'quiet'] as const) expect(waitKindOf(withWait({ waitFor: '' }, kind, 'x'))).toBe(kind)
    expect(problemOf({ waitFor: { text: '' } })).toContain('say what is waited for')
  })

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
