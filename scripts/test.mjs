/**
 * `npm test`: everything that must hold. `npm test -- unit lint` runs some stages only; any other word is given to
 * vitest, which takes it as part of a file's path. `npm test -- under-load` runs the tests three times in a row with four
 * busy loops beside them, `under-load=5` five times. The last line is always `N passed, M failed`.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { startBusyLoops } from './lib/busy-loops.mjs'
import { ensureSystemPackages } from './lib/machine.mjs'
import { ensureOldestNode } from './lib/oldest-node.mjs'
import { ensurePaho } from './lib/paho.mjs'
import { inRoot, root, tools } from './lib/paths.mjs'
import { run, runQuietly } from './lib/run.mjs'
import { Problem, runMain, say, seconds } from './lib/say.mjs'
import { build, setUp } from './lib/set-up.mjs'
import { narrowToFiles, planTests, systemPackages } from './lib/test-plan.mjs'

/** The run has ended, and this often is looked whether vitest has too. */
const lookEvery = 2_000
const mostLooks = 45
/** Two for each core of a small machine. */
const busyLoops = 4

/** @type {{ name: string, time: number, ok: boolean }[]} */
const stages = []

await runMain(async (args) => {
  const files = readdirSync(inRoot('test'), { recursive: true, encoding: 'utf8' }).map((file) => `test/${file.replaceAll('\\', '/')}`)
  const plan = narrowToFiles(planTests(args), files)
  if (plan.projects.length + plan.checks.length === 0) throw new Problem(`No test file has ${plan.filters.join(' or ')} in its path.`, 2)
  if (plan.projects.length > 0 && root.includes('%'))
    throw new Problem(
      `The tests cannot run in ${root}: vitest takes the % for the beginning of an escape. Move it to a folder without one; all else works here.`,
    )
  const node = await stage('set-up', async () => {
    const pinned = await setUp()
    if (plan.needsBuild && plan.projects.length > 0) {
      await ensureSystemPackages(systemPackages)
      await Promise.all([ensurePaho(), ensureOldestNode()])
    }
    return pinned
  })
  // First, because it also writes the types of the window's components, which lint and types read.
  if (plan.needsBuild) await stage('build', () => build(node))

  // Beside the tests, which wait for browsers and sockets much of the time; what they have to say comes at the end.
  const [failedChecks, tests] = await Promise.all([runChecks(node, plan.checks), runTests(node, plan)])

  say(`\n${stages.map(({ name, time, ok }) => `${name} ${seconds(time)}${ok ? '' : ' (failed)'}`).join(' · ')}`)
  const failed = tests.failed + failedChecks
  process.stdout.write(`${tests.passed} passed, ${failed} failed\n`)
  return failed === 0 ? 0 : 1
})

/** @param {string} node @param {import('./lib/test-plan.mjs').TestPlan} plan */
async function runTests(node, plan) {
  const total = { passed: 0, failed: 0 }
  if (plan.projects.length === 0) return total
  const endLoops = plan.underLoad === 0 ? () => {} : startBusyLoops(node, busyLoops)
  try {
    for (let round = 1; round <= Math.max(1, plan.underLoad); round += 1) {
      const name = plan.underLoad === 0 ? 'tests' : `tests under load ${round}/${plan.underLoad}`
      const { passed, failed } = await stage(
        name,
        () => runVitest(node, plan),
        (result) => result.failed === 0,
      )
      total.passed += passed
      total.failed += failed
    }
  } finally {
    endLoops()
  }
  return total
}

/** One after the other, at a low priority: the tests go first. @param {string} node @param {readonly string[]} wanted */
async function runChecks(node, wanted) {
  const checks = [
    { name: 'format', commands: [[tools.prettier, '--check', '--log-level', 'warn', root]] },
    { name: 'lint', commands: [[tools.eslint, '.', '--max-warnings', '0']] },
    {
      name: 'types',
      commands: [
        [tools.tsc, '--noEmit', '-p', root],
        [tools.vueTsc, '--noEmit', '-p', join(root, 'renderer')],
      ],
    },
  ].filter(({ name }) => wanted.includes(name))
  /** @type {string[]} */
  const complaints = []
  process.once('exit', () => complaints.forEach(say))
  let failed = 0
  for (const { name, commands } of checks) {
    failed += await stage(
      name,
      () => runCheck(node, commands, complaints),
      (result) => result === 0,
    )
  }
  return failed
}

/** @param {string} node @param {readonly string[][]} commands @param {string[]} complaints @returns {Promise<0 | 1>} */
async function runCheck(node, commands, complaints) {
  let failed = /** @type {0 | 1} */ (0)
  for (const command of commands) {
    const { code, output } = await runQuietly(node, command, { onStart: ({ pid }) => pid !== undefined && setPriority(pid, 10) })
    if (code === 0) continue
    failed = 1
    complaints.push(output.trim())
  }
  return failed
}

/** @param {string} node @param {import('./lib/test-plan.mjs').TestPlan} plan */
async function runVitest(node, plan) {
  const folder = mkdtempSync(join(tmpdir(), 'wheelhouse-test-'))
  const totalFile = join(folder, 'total.json')
  /** @type {NodeJS.Timeout | undefined} */
  let looking
  let left = false
  try {
    const projects = plan.projects.flatMap((name) => ['--project', name])
    const code = await run(node, [tools.vitest, 'run', ...projects, ...plan.filters], {
      env: { WHEELHOUSE_TEST_TOTAL: totalFile, NODE_ENV: 'test' },
      onStart: (child) => {
        let looks = 0
        // A program that a test left running keeps vitest waiting for its output, for ever.
        looking = setInterval(() => {
          if (!existsSync(totalFile) || (looks += 1) < mostLooks) return
          left = true
          child.kill('SIGKILL')
        }, lookEvery)
      },
    })
    const total = readTotal(totalFile)
    if (left) {
      say('The tests are done and something that one of them started still runs.')
      return { ...total, failed: total.failed + 1 }
    }
    // A run that ended badly for a reason that is no test's is not a clean one.
    return code !== 0 && total.failed === 0 ? { ...total, failed: 1 } : total
  } finally {
    clearInterval(looking)
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
