/** Takes the lock of a data directory and keeps it until it is killed. */
import { lockDataDir } from '../../../server/config/runtime-file.ts'

lockDataDir(process.argv[2] ?? '')
console.log('locked')
setInterval(() => undefined, 60_000)
