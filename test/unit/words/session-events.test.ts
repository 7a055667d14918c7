/** What scripts read of a browser session's events: the English words of each kind, and the tone it has by its facts. */
import { describe, expect, test } from 'vitest'
import { sessionEvents, type SessionEventFacts, type SessionEventKind } from '../../../server/browsers/events.ts'
import type { EventTone } from '../../../server/events/event.ts'
import type { EventType } from '../../../server/events/event-types.ts'
import { sessionText } from '../../../server/words.ts'
import { en } from '../../../words/en.ts'
import { sessionEventText } from '../../../words/words.ts'
import { pl } from '../../fixtures/words-pl.ts'

type Expected = { [Kind in SessionEventKind]: readonly [facts: SessionEventFacts<Kind>, tone: EventTone, text: string][] }

const host = 'portal.example:8443'
const why = 'the site shows its login form'
const expected: Expected = {
  'session-opened': [[{ site: 'Harbor Gate' }, 'busy', 'Opened on Harbor Gate']],
  'session-ready': [
    [{ hasLogin: true }, 'good', 'Ready for scripts and people'],
    [{ hasLogin: false }, 'good', 'The page is open'],
  ],
  'session-closed': [
    [{ reason: 'closed', said: 'Closed by request' }, 'neutral', 'Closed by request'],
    [{ reason: 'idle', said: 'Nobody used it for 600 seconds' }, 'neutral', 'Nobody used it for 600 seconds'],
    [{ reason: 'shutdown', said: 'The server stopped' }, 'neutral', 'The server stopped'],
    [{ reason: 'evicted', said: 'Its place was needed' }, 'attention', 'Its place was needed'],
    [{ reason: 'login-failed', said: 'The login failed' }, 'bad', 'The login failed'],
    [{ reason: 'start-failed', said: 'It does not answer' }, 'bad', 'It does not answer'],
  ],
  'session-crashed': [[{ reason: 'crashed', said: 'killed by SIGKILL' }, 'bad', 'killed by SIGKILL']],
  'login-failed': [[{ said: 'The site refused the login: Wrong password' }, 'bad', 'The site refused the login: Wrong password']],
  'lease-taken': [[{ holder: 'a script' }, 'busy', 'a script leased the session']],
  'lease-ended': [
    [{ holder: 'a script', how: 'given-back' }, 'neutral', 'The lease of a script was given back'],
    [{ holder: 'a script', how: 'deadline' }, 'neutral', 'The lease of a script was ended at its deadline'],
  ],
  'client-joined': [
    [{ client: 'nightly-check', program: 'Playwright 1.65' }, 'busy', 'nightly-check drives the session with Playwright 1.65'],
    [{ client: 'Puppeteer 25.16', program: 'Puppeteer 25.16' }, 'busy', 'Puppeteer 25.16 drives the session'],
  ],
  'client-left': [
    [{ client: 'nightly-check', how: 'left' }, 'neutral', 'nightly-check has left'],
    [{ client: 'nightly-check', how: 'ended' }, 'neutral', 'nightly-check was ended by a person'],
    [{ client: 'nightly-check', how: 'cut-off' }, 'attention', 'nightly-check was cut off'],
  ],
  'took-over': [[{}, 'attention', 'A person took over keyboard and mouse']],
  'given-back': [[{}, 'neutral', 'Keyboard and mouse were given back']],
  refreshed: [
    [{ ok: true, said: 'Login renewed' }, 'good', 'Login renewed'],
    [{ ok: false, said: 'No answer within 30 s' }, 'attention', 'No answer within 30 s'],
  ],
  'person-wanted': [[{ what: 'Type the code from the mail' }, 'attention', 'The login waits for a person: Type the code from the mail']],
  'signed-out': [[{ why }, 'attention', 'The login is gone: the site shows its login form']],
  'signed-in-again': [
    [{ held: true, why }, 'good', 'The login holds, although the site shows its login form'],
    [{ held: false, why }, 'good', 'Logged in again, because the site shows its login form'],
  ],
  'popup-blocked': [
    [{ how: 'refused' }, 'neutral', 'A popup was refused'],
    [{ how: 'closed' }, 'neutral', 'A popup was closed'],
  ],
  'download-blocked': [[{ file: 'containers.csv' }, 'attention', 'Download of containers.csv refused']],
  'download-begun': [[{ file: 'containers.csv' }, 'busy', 'containers.csv arrives']],
  'download-ended': [
    [{ file: 'containers.csv', how: 'done', bytes: 212 }, 'good', 'containers.csv has arrived'],
    [{ file: 'containers.csv', how: 'stopped', bytes: 12 }, 'attention', 'containers.csv was stopped'],
    [{ file: 'containers.csv', how: 'failed', bytes: 12 }, 'attention', 'containers.csv did not arrive'],
  ],
  'recording-begun': [[{}, 'attention', 'What the page shows is recorded']],
  'recording-ended': [
    [{ seconds: 12, why: 'stopped' }, 'neutral', '12 s were recorded, until it was stopped'],
    [{ seconds: 12, why: 'no-room' }, 'neutral', '12 s were recorded, until there was no more room for recordings'],
  ],
  'page-crashed': [[{ url: 'https://a.test/' }, 'bad', 'The page crashed and was loaded again: https://a.test/']],
  'not-responding': [[{}, 'bad', 'The browser does not answer']],
  answered: [[{}, 'good', 'The browser answers again']],
  'state-touched': [
    [{ how: 'exported', what: 'storageState' }, 'attention', 'Its cookies and storage were exported (storageState)'],
    [{ how: 'changed', what: 'lang' }, 'attention', 'lang was changed by hand'],
  ],
  woke: [
    [{ held: true }, 'good', 'Woken; the site had the login still'],
    [{ held: false }, 'good', 'Woken, with a new login'],
  ],
  'kept-login-refused': [
    [{ why, ranOut: true, times: 0, given: false }, 'attention', 'The kept login had run out: the site shows its login form'],
    [
      { why, ranOut: false, times: 0, given: false },
      'attention',
      'The site has ended the kept login meanwhile: the site shows its login form',
    ],
    [
      { why, ranOut: false, times: 3, given: true },
      'attention',
      'The site refused the kept login, although it had not run out (3 in a row): it seems to bind logins to one run of the browser; it is not offered them any more',
    ],
  ],
  'sign-in': [
    [{ step: 'opening', host }, 'neutral', 'Opening portal.example:8443'],
    [{ step: 'already-logged-in', host }, 'good', 'Already logged in'],
    [{ step: 'solving-captcha', host }, 'busy', 'Solving the captcha'],
    [{ step: 'captcha-solved', host }, 'neutral', 'Captcha solved'],
    [{ step: 'no-captcha', host }, 'neutral', 'The site asks for no captcha'],
    [{ step: 'sending', host }, 'neutral', 'Sending the login'],
    [{ step: 'logged-in', host }, 'good', 'Logged in'],
  ],
  'address-refused': [[{ said: '10.0.0.1 is in a private network' }, 'attention', '10.0.0.1 is in a private network']],
  'dialog-dismissed': [[{ said: 'Leave?' }, 'neutral', 'The page said: Leave?']],
  'dialog-shown': [
    [{ kind: 'confirm', said: 'Release it?' }, 'attention', 'The page asks: Release it?'],
    [{ kind: 'beforeunload', said: '' }, 'attention', 'The page asks whether it may be left'],
  ],
  'dialog-answered': [
    [{ kind: 'confirm', how: 'accepted', said: 'Release it?' }, 'neutral', 'Release it?: accepted'],
    [{ kind: 'beforeunload', how: 'late', said: '' }, 'neutral', 'Leaving the page: refused, since nobody answered'],
  ],
  'popup-opened': [[{}, 'neutral', 'The site opened a window of its own']],
  'page-stopped': [
    [{ url: 'https://a.test/', how: 'stands' }, 'attention', 'The script of the page was stopped: https://a.test/'],
    [{ url: 'https://a.test/', how: 'emptied' }, 'attention', 'The page was stopped and emptied: https://a.test/'],
  ],
  'permission-asked': [[{ name: 'geolocation', host: 'a.test' }, 'attention', 'a.test asks for geolocation; denied']],
  'permission-allowed': [[{ name: 'camera', host: 'a.test' }, 'attention', 'a.test may use camera in this session']],
  'page-opened': [[{}, 'neutral', 'A link opened a new page']],
  navigated: [[{ url: 'https://a.test/holds' }, 'neutral', 'https://a.test/holds']],
  'page-closed': [[{ most: 10 }, 'neutral', 'More than 10 pages were open; the oldest one at the back was closed']],
  recycled: [[{ megabytes: 1_840 }, 'neutral', 'Its browser had grown to 1840 MB and was started anew, with all it had']],
  'page-replaced': [[{}, 'attention', 'The page did not answer and was replaced by a new one']],
  'end-explained': [
    [
      { cause: 'out-of-memory' },
      'bad',
      'The browser ran out of memory and was ended. Close other sessions or programs, or allow fewer sessions',
    ],
    [{ cause: 'exited' }, 'bad', 'The browser closed by itself, e.g. because its last window was closed'],
  ],
}

describe('what happens to a session', () => {
  test.each(Object.entries(expected))('%s has its words and its tone', (kind, cases) => {
    const type: EventType = sessionEvents[kind as SessionEventKind]
    for (const [facts, tone, text] of cases) {
      expect(type.facts.parse(facts)).toEqual(facts)
      expect(type.tone(facts)).toBe(tone)
      expect(sessionText({ kind, facts } as Parameters<typeof sessionText>[0])).toBe(text)
    }
  })

  test('has no words when another version told it', () => {
    expect(sessionEventText(en, { kind: 'sang', facts: {} })).toBeUndefined()
  })

  test('is said in another language, with its forms of counting', () => {
    const closed = (most: number) => sessionEventText(pl, { kind: 'page-closed', facts: { most } })
    expect([1, 3, 10].map(closed)).toEqual([
      'Otwarto ponad 1 stronę; najstarszą zamknięto',
      'Otwarto ponad 3 strony; najstarszą zamknięto',
      'Otwarto ponad 10 stron; najstarszą zamknięto',
    ])
    expect(sessionEventText(pl, { kind: 'page-opened', facts: {} })).toBe('Odnośnik otworzył nową stronę')
  })
})
