/** What a run of the tests consists of, read from its words. */

/** What the tests run beside Node, by packages of Debian: real ones, and each a program or a file that a bare system lacks. */
export const systemPackages = [
  { name: 'chromium', program: 'chromium' },
  { name: 'redis-server', program: 'redis-server' },
  { name: 'xvfb', program: 'Xvfb' },
  { name: 'mosquitto', program: 'mosquitto' },
  { name: 'mosquitto-clients', program: 'mosquitto_pub' },
  { name: 'mosquitto-clients', program: 'mosquitto_sub' },
  { name: 'curl', program: 'curl' },
  { name: 'python3', program: 'python3' },
  { name: 'python3-pip', program: 'pip3' },
  { name: 'python3-paho-mqtt', file: '/usr/lib/python3/dist-packages/paho/mqtt/client.py' },
  // The smallest compiler there is; any other serves as well.
  { name: 'tcc', program: 'cc' },
  { name: 'libc6-dev', file: '/usr/include/stdio.h' },
  { name: 'ffmpeg', program: 'ffmpeg' },
]

/**
 * @typedef {{ checks: string[], projects: string[], filters: string[], underLoad: number }} TestPlan `underLoad` is how many times in a row
 * with busy loops beside, 0 once without
 */

const checks = ['format', 'lint', 'types']
const underLoad = /^under-load(?:=(\d+))?$/
const projects = ['unit', 'renderer', 'integration', 'e2e']

/**
 * No words: everything. Names of stages: those. Other words narrow the tests down to some files, and then the
 * checks are left out unless named, for whoever works on one file wants its tests now.
 * @param {readonly string[]} words
 * @returns {TestPlan}
 */
export function planTests(words) {
  const load = words.find((word) => underLoad.test(word))
  words = words.filter((word) => word !== load)
  const filters = words.filter((word) => !checks.includes(word) && !projects.includes(word))
  const namedChecks = checks.filter((name) => words.includes(name))
  const namedProjects = projects.filter((name) => words.includes(name))
  const all = words.length === 0
  return {
    checks: all ? [...checks] : namedChecks,
    projects: all || (filters.length > 0 && namedProjects.length === 0) ? [...projects] : namedProjects,
    filters,
    underLoad: load === undefined ? 0 : Number(underLoad.exec(load)?.[1] ?? 3),
  }
}

/**
 * The plan for the files that its words name: only the kinds of tests that have one, and whether they read the built program.
 * @param {TestPlan} plan @param {readonly string[]} files of `test/`, below the project's root, with forward slashes
 * @returns {TestPlan & { needsBuild: boolean }}
 */
export function narrowToFiles(plan, files) {
  const wanted = files.filter((file) => file.endsWith('.test.ts') && plan.filters.some((filter) => file.includes(filter)))
  const named =
    plan.filters.length === 0 ? plan.projects : plan.projects.filter((name) => wanted.some((file) => file.startsWith(`test/${name}/`)))
  // The checks read the types that the build writes for the window's components.
  return { ...plan, projects: named, needsBuild: plan.checks.length > 0 || named.some((name) => name === 'integration' || name === 'e2e') }
}
