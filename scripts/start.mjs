/** `npm start`: from a fresh clone to the control room, on the desktop where that is possible and in a browser elsewhere. */
import { findElectron } from './lib/electron.mjs'
import { startHeadless } from './lib/headless.mjs'
import { ensureSystemPackages } from './lib/machine.mjs'
import { root } from './lib/paths.mjs'
import { run } from './lib/run.mjs'
import { runMain, say } from './lib/say.mjs'
import { build, setUp } from './lib/set-up.mjs'

/** An app that ends by an error within this time did not get as far as to show its window. */
const startTime = 15_000

await runMain(async (args) => {
  const node = await setUp()
  await build(node)
  await ensureSystemPackages([{ name: 'chromium', program: 'chromium' }])

  const electron = await findElectron(node)
  if ('why' in electron) {
    say(`${electron.why}, so the control room opens in a browser.`)
    return startHeadless(node, args)
  }

  const started = performance.now()
  let lastWords = ''
  const code = await run(electron.program, [root, ...args], {
    stdio: ['inherit', 'inherit', 'pipe'],
    lifeline: true,
    onStart: ({ stderr }) =>
      stderr?.setEncoding('utf8').on('data', (text) => {
        process.stderr.write(text)
        lastWords = (lastWords + text).slice(-4_000)
      }),
  })
  if (!failedToStart(code, performance.now() - started)) return code
  const reason = lastWords.split('\n').findLast((line) => line.includes('FATAL') || line.includes('rror'))
  say(`The desktop app could not start here${reason === undefined ? '' : ` (${reason.trim()})`}, so the control room opens in a browser.`)
  return startHeadless(node, args)
})

/** @param {number} code @param {number} after milliseconds */
function failedToStart(code, after) {
  const endedByPerson = code === 130 || code === 143 || code === 129 || code === 137
  // 2 is a flag or variable that is not accepted: the server alone would not accept it either.
  return code !== 0 && code !== 2 && !endedByPerson && after < startTime
}
