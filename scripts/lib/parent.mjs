/**
 * npm hands SIGTERM on to its own child alone, and nothing at all when it is killed. These scripts end when the npm that started them
 * has gone, and what they run ends with them.
 */

/** Ms between two looks. */
const lookEvery = 500

/**
 * @typedef {object} Process what is needed of the process, for tests
 * @property {number} ppid
 * @property {NodeJS.ProcessEnv} env
 * @property {NodeJS.Platform} platform
 */

/**
 * Whether a script runner started this process, so that its end is meant for this process too; whoever goes on without a parent on purpose
 * does so by hand. @param {NodeJS.ProcessEnv} env
 */
export function isRunByNpm(env) {
  return env.npm_lifecycle_event !== undefined || env.NODE_RUN_SCRIPT_NAME !== undefined
}

/**
 * Calls `gone` once when the parent has gone, unless it went by a hang-up that this process outlives (`hasOutlivedHangUp`).
 * @param {{ process: Process, gone: () => void, hasOutlivedHangUp: () => boolean, every?: number }} options
 * @returns {() => void} stops watching
 */
export function watchParent({ process: own, gone, hasOutlivedHangUp, every = lookEvery }) {
  // On Windows a parent's id stays what it was, and nobody is told to end by a signal.
  if (own.platform === 'win32' || !isRunByNpm(own.env)) return () => {}
  const parent = own.ppid
  let missed = false
  const timer = setInterval(() => {
    if (hasOutlivedHangUp()) return clearInterval(timer)
    if (own.ppid === parent) return
    // A hang-up reaches the whole group, and this process perhaps a moment after its parent.
    if (!missed) {
      missed = true
      return
    }
    clearInterval(timer)
    gone()
  }, every)
  timer.unref()
  return () => clearInterval(timer)
}
