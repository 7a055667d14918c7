/** The life of one Chromium process as a table; `docs/lifecycles/chromium-process.md` is drawn from it. */
import { to, type LifecycleTable } from '../../lifecycle.ts'

export type ProcessState = 'spawned' | 'answering' | 'silent' | 'cut-off' | 'closing' | 'killed' | 'stuck' | 'gone'

export type ProcessEvent = 'answered' | 'fell-silent' | 'pipe-broke' | 'close-asked' | 'killed' | 'stayed' | 'exited'

const pipeBroke = to<ProcessState>(
  'cut-off',
  'A browser that cannot be driven is of no use to anybody; it goes by itself, or is killed in a moment',
)
const killed = to<ProcessState>('killed', 'Its whole process group gets SIGKILL: whoever waits for its end must not wait for its goodwill')
const exited = to<ProcessState>('gone', 'It may crash, or be killed by the system or a person, at any moment')

export const processLifecycle: LifecycleTable<ProcessState, ProcessEvent> = {
  name: 'chromium process',
  initial: 'spawned',
  states: {
    spawned: 'It runs and has not answered yet; it is given half a minute',
    answering: 'It can be driven over its pipe',
    silent: 'It has not answered when it was last asked: stopped, or hung',
    'cut-off': 'Its pipe is broken, so nobody can drive it',
    closing: 'It has been asked to close and is given a moment to do so',
    killed: 'It has been killed, and the system has not reported its end yet',
    stuck: 'It was killed and is still there; its row stays in the process registry, and the next start sees to it',
    gone: 'The system has reported its end; what remained of its process group has been killed',
  },
  transitions: {
    spawned: {
      answered: to('answering', 'The launch has its first answer'),
      'pipe-broke': pipeBroke,
      killed: to('killed', 'Nobody wants it any more, or it has not answered in time'),
      exited: to('gone', 'It lacks a library or its sandbox, or crashed; its last words say why'),
    },
    answering: {
      'fell-silent': to('silent', 'A question was not answered in time; what it was doing is not lost'),
      'pipe-broke': pipeBroke,
      'close-asked': to('closing', 'It closes by itself faster and cleaner than it is killed'),
      killed,
      exited,
    },
    silent: {
      answered: to('answering', 'It was only stopped, or busy, for a while'),
      'pipe-broke': pipeBroke,
      killed: to('killed', 'What does not answer is not asked to close either'),
      exited,
    },
    'cut-off': {
      answered: to('cut-off', 'What it had written before its pipe broke may still be read'),
      killed,
      exited: to('gone', 'A broken pipe is noticed before the end of the process that explains it'),
    },
    closing: {
      answered: to('closing', 'The answer to the last question comes while it closes'),
      'pipe-broke': to('closing', 'It closes its pipe on the way out'),
      killed: to('killed', 'It has not gone within its grace'),
      exited: to('gone', 'It has closed as it was asked to'),
    },
    killed: {
      answered: to('killed', 'What it had written before may still be read'),
      'pipe-broke': to('killed', 'The pipe breaks with the process'),
      killed: to('killed', 'The owner’s end, a broken pipe and the end of its grace may each kill it'),
      stayed: to('stuck', 'A process in the kernel’s hands, e.g. on a dead disk, does not go'),
      exited,
    },
    stuck: {
      'pipe-broke': to('stuck', 'It goes after all, and its pipe first'),
      killed,
      exited: to('gone', 'The kernel has let go of it after all'),
    },
    gone: {},
  },
}
