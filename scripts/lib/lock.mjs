/** One install and one build at a time: `npm start` and `npm test` in two terminals write to the same folders. */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { say } from './say.mjs'

/**
 * Does the work under the lock, unless it is done already: perhaps by whoever had the lock before.
 * @param {string} file holds the pid of whose turn it is @param {() => boolean} isDone @param {() => Promise<void>} work
 */
export async function workOnce(file, isDone, work) {
  if (isDone()) return
  await withLock(file, async () => {
    if (!isDone()) await work()
  })
}

/**
 * Does the work while no other process does work under the same lock; waits for its turn.
 * @template T
 * @param {string} file holds the pid of whose turn it is @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(file, work) {
  mkdirSync(dirname(file), { recursive: true })
  for (let looks = 0; !take(file); looks += 1) {
    if (looks === 1) say('Another set-up is at work in this folder; waiting for it…')
    await delay(100)
  }
  try {
    return await work()
  } finally {
    rmSync(file, { force: true })
  }
}

/** @param {string} file */
function take(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    const holder = read(file)
    // Whoever was killed in its turn cannot give it back.
    if (holder !== null && !isHeld(file, holder)) discard(file, holder)
    return false
  }
}

/**
 * Removes the lock of one that is gone, but not that of another who has removed it too and taken his turn since. @param {string} file
 * @param {string} holder
 */
function discard(file, holder) {
  const aside = `${file}.${process.pid}`
  try {
    renameSync(file, aside)
    if (read(aside) !== holder) linkSync(aside, file)
  } catch {
    // Another was quicker.
  }
  rmSync(aside, { force: true })
}

/** @param {string} file @param {string} holder what stands in it */
function isHeld(file, holder) {
  const pid = Number(holder)
  try {
    // Empty for the moment between its making and its writing.
    return pid === 0 ? Date.now() - statSync(file).mtimeMs < 5_000 : isAlive(pid)
  } catch {
    return true // Given back meanwhile: the next look finds it free.
  }
}

/** @param {string} file @returns {string | null} null when there is none */
function read(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
