/** What is known of the Chromium that sessions run on, as a table; `docs/lifecycles/chromium.md` is drawn from it. */
import { to, type LifecycleTable } from '../../lifecycle.ts'
import type { ChromiumState } from '../contract/index.ts'

export type Knowledge = ChromiumState['state']

export type ChromiumEvent =
  'seen' | 'check-begun' | 'proven' | 'none-found' | 'none-starts' | 'forgotten' | 'install-begun' | 'install-failed' | 'install-cancelled'

const checkBegun = to<Knowledge>(
  'checking',
  'A session wants one, or a person has it looked for again; each candidate is proven by a launch',
)
const noneFound = to<Knowledge>('missing', 'Files come and go; a person installs one or names one')
const forgotten = to<Knowledge>('unknown', 'The setting has changed, or what was proven does not start any more')
const installBegun = to<Knowledge>('installing', 'A person has Chrome for Testing downloaded')
const provenLate = to<Knowledge>('ready', 'A check that had begun before ends after')
const noneStartsLate = to<Knowledge>('failed', 'A check that had begun before ends after')
const installFailed = to<Knowledge>('failed', 'The download broke off after a check had begun beside it')
const installCancelled = to<Knowledge>('unknown', 'A check had begun beside the download; what there was before is looked for again')

export const chromiumLifecycle: LifecycleTable<Knowledge, ChromiumEvent> = {
  name: 'chromium',
  initial: 'unknown',
  states: {
    unknown: 'Nobody has looked yet, or what was found does not hold any more',
    checking: 'Candidates are being started, one after another',
    ready: 'One has been seen to start, in this run or an earlier one',
    missing: 'There is no file that could be one',
    installing: 'Chrome for Testing is being downloaded and unpacked',
    failed: 'None of those there are could be started, or the download failed',
  },
  transitions: {
    unknown: {
      seen: to('ready', 'The file that an earlier run has proven is unchanged, so nothing has to be launched to say so'),
      'none-found': to('missing', 'A start can say at once that there is none, without a launch'),
      'check-begun': checkBegun,
      proven: provenLate,
      'none-starts': noneStartsLate,
      forgotten,
      'install-begun': installBegun,
    },
    checking: {
      proven: to('ready', 'It has started and told its version'),
      'none-starts': to('failed', 'A file that is there may lack its libraries or its sandbox'),
      forgotten,
      'install-begun': installBegun,
      'install-failed': installFailed,
      'install-cancelled': installCancelled,
    },
    ready: {
      'check-begun': checkBegun,
      'none-found': noneFound,
      proven: provenLate,
      'none-starts': noneStartsLate,
      forgotten,
      'install-begun': installBegun,
      'install-failed': installFailed,
      'install-cancelled': installCancelled,
    },
    missing: {
      'check-begun': checkBegun,
      'none-found': noneFound,
      proven: provenLate,
      'none-starts': noneStartsLate,
      forgotten,
      'install-begun': installBegun,
      'install-failed': installFailed,
      'install-cancelled': installCancelled,
    },
    installing: {
      'check-begun': to('checking', 'What was downloaded is proven like any other'),
      'none-found': to('missing', 'A session wanted one while the download goes on'),
      proven: provenLate,
      'none-starts': noneStartsLate,
      'install-failed': to('failed', 'No network, a full disk, a damaged archive'),
      'install-cancelled': to('unknown', 'A person stopped it, or the server stops; what there was before is looked for again'),
    },
    failed: {
      'check-begun': checkBegun,
      'none-found': noneFound,
      proven: provenLate,
      'none-starts': noneStartsLate,
      forgotten,
      'install-begun': installBegun,
      'install-failed': installFailed,
      'install-cancelled': installCancelled,
    },
  },
}
