/** Given to a server by `--import`: what it syncs to the disk takes as long as SLOW_DISK_MS says, as on a tired card or a busy share. */
import { open } from 'node:fs/promises'

const delay = Number(process.env['SLOW_DISK_MS'] ?? 0)
const handle = await open(import.meta.filename)
/** What every open file shares. */
const methods = Object.getPrototypeOf(handle)
await handle.close()
const { datasync } = methods

methods.datasync = async function slowly() {
  await new Promise((resolve) => setTimeout(resolve, delay))
  return datasync.call(this)
}
