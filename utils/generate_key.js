/** Prints a new AES-256 key in Base64, for the clients of a broker session to share: `node utils/generate_key.js`. */
import { randomBytes } from 'node:crypto'

process.stdout.write(`${randomBytes(32).toString('base64')}\n`)
