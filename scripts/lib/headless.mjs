/** The control room without Electron: the same server, and its window in whatever browser there is. */
import { createInterface } from 'node:readline'
import { hasDisplay, openInBrowser } from './machine.mjs'
import { builtCli } from './paths.mjs'
import { run, runQuietly } from './run.mjs'
import { say } from './say.mjs'

/**
 * Runs the server until it ends, and opens or prints its address.
 * @param {string} node @param {readonly string[]} args the server's flags
 * @returns {Promise<number>} its exit code
 */
export function startHeadless(node, args) {
  return run(node, [builtCli, ...args], {
    stdio: ['inherit', 'pipe', 'inherit'],
    lifeline: true,
    onStart: ({ stdout }) => {
      if (stdout === null) return
      createInterface({ input: stdout }).on('line', (line) => {
        process.stdout.write(`${line}\n`)
        const address = controlAddress(line)
        if (address !== null) void welcome(node, args, address)
      })
    },
  })
}

/** The address of the window, when this is the line that says the server is ready. @param {string} line @returns {string | null} */
export function controlAddress(line) {
  const mark = 'wheelhouse ready '
  if (!line.startsWith(mark)) return null
  try {
    return JSON.parse(line.slice(mark.length)).control.url
  } catch {
    return null
  }
}

/** The part of the server's flags that says which server is meant. @param {readonly string[]} args @returns {string[]} */
export function dataDirFlag(args) {
  const index = args.findIndex((arg) => arg === '--data-dir' || arg.startsWith('--data-dir='))
  if (index === -1) return []
  return args[index]?.includes('=') ? args.slice(index, index + 1) : args.slice(index, index + 2)
}

/** @param {string} node @param {readonly string[]} args @param {string} address */
async function welcome(node, args, address) {
  const { code, output } = await runQuietly(node, [builtCli, 'sign-in-link', ...dataDirFlag(args)], { limit: 60_000 })
  const link = output.split('\n').find((line) => line.startsWith('http'))
  if (code !== 0 || link === undefined) {
    say(`The control room is at ${address}`)
    return
  }
  if (hasDisplay(process.platform, process.env) && (await openInBrowser(link)))
    say(`The control room is at ${address} and opens in your browser. Ctrl+C ends it.`)
  else say(`Open the control room with this link; it signs one browser in, once:\n  ${link}\nCtrl+C ends it.`)
}
