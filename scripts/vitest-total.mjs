/** A vitest reporter: ends the run with the total of all tests on one line, for people and for scripts. */
import { writeFileSync } from 'node:fs'

export default class TotalReporter {
  /** @param {ReadonlyArray<import('vitest/node').TestModule>} modules @param {ReadonlyArray<unknown>} errors */
  onTestRunEnd(modules, errors) {
    let passed = 0
    // An error outside of any test must not look like a clean run.
    let failed = errors.length
    for (const module of modules) {
      // A file that cannot be loaded has no tests that could fail, so it counts as one.
      failed += module.errors().length
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') passed += 1
        else if (state === 'failed') failed += 1
      }
    }
    // `npm test` adds its other stages to the total before it says it.
    const file = process.env.WHEELHOUSE_TEST_TOTAL
    if (file !== undefined) return writeFileSync(file, JSON.stringify({ passed, failed }))
    // The default reporter writes its summary in the same turn; this is to be the last line.
    setImmediate(() => process.stdout.write(`${passed} passed, ${failed} failed\n`))
  }
}
