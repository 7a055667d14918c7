/** Takes the lock of a data directory and keeps it until it is killed. */
import { lockDataDir } from '../../../server/config/runtime-file.ts'
import { collect } from '../../fixtures/collected.ts'

lockDataDir(process.argv[2] ?? '')
// Not even what frees the memory of what nobody refers to ends it.
setImmediate(() => {
  collect()
  console.log('locked')
})
setInterval(() => undefined, 60_000)
