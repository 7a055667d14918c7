/** What the scripts tell a person. All of it goes to stderr: stdout belongs to what is being run. */

/** @param {string} text */
export function say(text) {
  process.stderr.write(`${text}\n`)
}

/** Something the person can act on: printed as it is, without a stack. */
export class Problem extends Error {
  /** @param {string} message @param {number} [exitCode] */
  constructor(message, exitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

/**
 * Runs a script's main function; a `Problem` becomes one line and an exit code.
 * @param {(args: string[]) => Promise<number | void>} main
 */
export async function runMain(main) {
  try {
    process.exitCode = (await main(process.argv.slice(2))) ?? 0
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    say(error.message)
    process.exitCode = error.exitCode
  }
}

/** @param {number} milliseconds */
export function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(1)} s`
}
