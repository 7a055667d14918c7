/**
 * better-auth with e-mail and password on a SQLite file in WAL, rate limit off. Started in the folder where it is installed: `node … PORT
 * FILE`.
 */
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const require = createRequire(join(process.cwd(), 'package.json'))
/** @param {string} name */
const load = (name) => import(pathToFileURL(require.resolve(name)).href)
const [{ betterAuth }, { getMigrations }, { toNodeHandler }, { default: Database }] = await Promise.all([
  load('better-auth'),
  load('better-auth/db/migration'),
  load('better-auth/node'),
  load('better-sqlite3'),
])

const [, , port, file] = process.argv
const database = new Database(file)
database.pragma('journal_mode = WAL')
const auth = betterAuth({
  database,
  baseURL: `http://127.0.0.1:${port}`,
  secret: 'a secret of the bench, long enough to be taken',
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { level: 'error' },
})
const { runMigrations } = await getMigrations(auth.options)
await runMigrations()
createServer(toNodeHandler(auth)).listen(Number(port), '127.0.0.1', () => console.log('ready'))
