/**
 * `npm test`: everything that must hold. `npm test -- unit lint` runs some stages only; any other word is given to
 * vitest, which takes it as part of a file's path. The last line is always `N passed, M failed`.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureSystemPackages } from './lib/machine.mjs'
import { root, tools } from './lib/paths.mjs'
import { run, runQuietly } from './lib/run.mjs'
import { Problem, runMain, say, seconds } from './lib/say.mjs'
import { build, setUp } from './lib/set-up.mjs'
import { planTests, systemPackages } from './lib/test-plan.mjs'

/** @type {{ name: string, time: number, ok: boolean }[]} */
const stages = []

await runMain(async (args) => {
  const plan = planTests(args)
  if (plan.projects.length > 0 && root.includes('%')) throw new Problem(`The tests cannot run in ${root}: vitest takes the % for the beginning of an escape. Move it to a folder without one; all else works here.`)
  const node = await stage('set-up', async () => {
    const pinned = await setUp()
    if (plan.projects.length > 0) await ensureSystemPackages(systemPackages)
    return pinned
  })
  // First, because it also writes the types of the window's components, which lint and types read.
  await stage('build', () => build(node))

  const failedChecks = await runChecks(node, plan.checks)
  const tests = plan.projects.length > 0 ? await stage('tests', () => runVitest(node, plan), ({ failed }) => failed === 0) : { passed: 0, failed: 0 }

  say(`\n${stages.map(({ name, time, ok }) => `${name} ${seconds(time)}${ok ? '' : ' (failed)'}`).join(' · ')}`)
  const failed = tests.failed + failedChecks
  process.stdout.write(`${tests.passed} passed, ${failed} failed\n`)
  return failed === 0 ? 0 : 1
})

/** Side by side: each keeps one core busy, and their output stays apart. @param {string} node @param {readonly string[]} wanted */
async function runChecks(node, wanted) {
  const checks = [
    { name: 'lint', commands: [[tools.eslint, '.', '--max-warnings', '0']] },
    {
      name: 'types',
      commands: [
        [tools.tsc, '--noEmit', '-p', root],
        [tools.vueTsc, '--noEmit', '-p', join(root, 'renderer')],
      ],
    },
  ].filter(({ name }) => wanted.includes(name))
  const results = await Promise.all(
    checks.map(({ name, commands }) =>
      stage(
        name,
        async () => {
          let failed = 0
          for (const command of commands) {
            const { code, output } = await runQuietly(node, command)
            if (code !== 0) {
              failed = 1
              say(output.trim())
            }
          }
          return failed
        },
        (failed) => failed === 0,
      ),
    ),
  )
  return results.reduce((sum, failed) => sum + failed, 0)
}

/** @param {string} node @param {import('./lib/test-plan.mjs').TestPlan} plan */
async function runVitest(node, plan) {
  const folder = mkdtempSync(join(tmpdir(), 'wheelhouse-test-'))
  const totalFile = join(folder, 'total.json')
  try {
    const projects = plan.projects.flatMap((name) => ['--project', name])
    const code = await run(node, [tools.vitest, 'run', ...projects, ...plan.filters], { env: { WHEELHOUSE_TEST_TOTAL: totalFile, NODE_ENV: 'test' } })
    const total = readTotal(totalFile)
    // A run that ended badly for a reason that is no test's is not a clean one.
    return code !== 0 && total.failed === 0 ? { ...total, failed: 1 } : total
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @param {string} file @returns {{ passed: number, failed: number }} */
function readTotal(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return { passed: 0, failed: 1 }
  }
}

/**
 * @template T
 * @param {string} name @param {() => Promise<T>} work @param {(result: T) => boolean} [isGood]
 * @returns {Promise<T>}
 */
async function stage(name, work, isGood = () => true) {
  const started = performance.now()
  const result = await work()
  stages.push({ name, time: performance.now() - started, ok: isGood(result) })
  return result
}
