/**
 * Loading allocates a lot that lives briefly. Left to itself the engine's young generation grows to hold it, and never gives that back: ten
 * megabytes. And loading runs much code often enough to be compiled, but not for long enough to be worth it: the compilers alone would stay
 * in memory with 10 MB, and what the quickest of them makes with 4.
 */
import { setFlagsFromString } from 'node:v8'

const compilers = ['sparkplug', 'maglev', 'opt']
let underWay = 0

/** For a process that is the server's alone: the flags are those of the whole process. The answer is to be called once all is loaded. */
export function beginLeanLoading(): () => void {
  underWay += 1
  if (underWay === 1) {
    setFlagsFromString('--semi-space-growth-factor=1')
    for (const compiler of compilers) setFlagsFromString(`--no-${compiler}`)
  }
  return () => {
    underWay -= 1
    if (underWay > 0) return
    setFlagsFromString('--semi-space-growth-factor=2')
    for (const compiler of compilers) setFlagsFromString(`--${compiler}`)
  }
}

export async function leanly<Result>(load: () => Promise<Result>): Promise<Result> {
  const done = beginLeanLoading()
  try {
    return await load()
  } finally {
    done()
  }
}
