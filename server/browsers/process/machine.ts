/** What of the machine decides how Chromium is started. */
import { statfs } from 'node:fs/promises'

/** True when Chromium runs in its sandbox; as root on Linux it refuses to start with one. */
export function sandboxed(): boolean {
  return !(process.platform === 'linux' && process.getuid?.() === 0)
}

/** Containers give 64 MB, on which pages crash. */
export async function hasSmallSharedMemory(): Promise<boolean> {
  if (process.platform !== 'linux') return false
  const disk = await statfs('/dev/shm').catch(() => null)
  return disk === null || disk.bavail * disk.bsize < 512 * 1_024 * 1_024
}

/** Our own variables may carry secrets and mean nothing to a browser. `temporary` is where it puts its temporary files. */
export function browserEnvironment(temporary: string | null): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(WHEELHOUSE_|ELECTRON_|NODE_|npm_|API_KEY$|DATABASE_URL$|REDIS_URL$)/.test(name),
  )
  return { ...Object.fromEntries(kept), ...(temporary ? { TMPDIR: temporary, TEMP: temporary, TMP: temporary } : {}) }
}
