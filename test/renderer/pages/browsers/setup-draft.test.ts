import { describe, expect, it } from 'vitest'
import { changeOf, choicesOf, draftOf, emptyDraft } from '../../../../renderer/pages/browsers/setup/setup-draft.ts'
import { session } from './sample-session.ts'

describe('what can be chosen for a session', () => {
  it('is nothing where no field is filled', () => {
    expect(changeOf(emptyDraft(), emptyDraft())).toEqual({})
    expect(choicesOf(session())).toEqual([])
  })

  it('is told as the API takes it', () => {
    const draft = {
      ...emptyDraft(),
      proxyServer: 'proxy.example:3128',
      proxyUsername: 'harbor',
      proxyPassword: 'secret',
      width: 900,
      height: 700,
    }
    expect(
      changeOf({ ...draft, tags: 'team=yard, urgent', blockHosts: 'ads.example\ncdn.example', idleMinutes: 30 }, emptyDraft()),
    ).toEqual({
      proxy: { server: 'http://proxy.example:3128', username: 'harbor', password: 'secret' },
      viewport: { width: 900, height: 700 },
      tags: { team: 'yard', urgent: '' },
      block: { hosts: ['ads.example', 'cdn.example'], kinds: [], patterns: [] },
      idleSeconds: 1_800,
    })
  })

  it('is changed by what differs alone: an emptied field takes a choice back, and a password that is not shown stays', () => {
    const shown = session({ tags: { team: 'yard' } })
    const options = { ...shown.options, locale: 'de-DE', proxy: { server: 'http://proxy.example:3128', username: 'harbor' } }
    const before = draftOf({ ...shown, options })
    expect(changeOf({ ...before, locale: '' }, before)).toEqual({ locale: null })
    expect(changeOf({ ...before, tags: '', proxyServer: '' }, before)).toEqual({ tags: null, proxy: null })
    expect(choicesOf({ ...shown, options }).map(({ value }) => value)).toEqual([
      'team=yard',
      'http://proxy.example:3128 as harbor',
      'de-DE',
    ])
  })
})
