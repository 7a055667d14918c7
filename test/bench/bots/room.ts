/** The real room in a process of its own, asked over its channel: the double's work is not counted as the bots'. */
import { fork, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import type { WhatsAppDouble } from '../../fakes/whatsapp/double.ts'

export interface Room {
  ask(what: string, facts?: object): Promise<unknown>
  stop(): Promise<void>
}

export function startRoom(double: Pick<WhatsAppDouble, 'url'>, dataDir: string): Room {
  const child: ChildProcess = fork(join(import.meta.dirname, 'room-process.ts'), [], {
    execArgv: ['--expose-gc'],
    env: { ...process.env, BENCH_DOUBLE: double.url, BENCH_DIR: dataDir },
  })
  return {
    ask: (what, facts = {}) =>
      new Promise((resolve, reject) => {
        const ended = (code: number | null): void => reject(new Error(`the room ended with ${code}`))
        child.once('exit', ended)
        child.once('message', (answer: unknown) => {
          child.off('exit', ended)
          resolve(answer)
        })
        child.send({ what, ...facts })
      }),
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
    },
  }
}
