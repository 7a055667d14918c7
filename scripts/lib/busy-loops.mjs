/** Makes the machine slow: for runs of the tests that show that they mean the code and not the clock. */
import { spawn } from 'node:child_process'

/** One core kept busy until whoever started it has gone, however that went. */
const loop = `const starter = Number(process.argv[1]) // which may be gone before this runs
for (;;) {
  const look = Date.now() + 200
  while (Date.now() < look);
  if (process.ppid !== starter) process.exit()
}`

/** @param {string} node @param {number} count @returns {() => void} ends them */
export function startBusyLoops(node, count) {
  const loops = Array.from({ length: count }, () => spawn(node, ['-e', loop, String(process.pid)], { stdio: 'ignore' }))
  const end = () => {
    for (const each of loops) each.kill('SIGKILL')
  }
  process.once('exit', end)
  return () => {
    process.off('exit', end)
    end()
  }
}
