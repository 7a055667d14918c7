/**
 * `npm run multi` or `node multi.js`: the bots API alone, as its published guide deploys it: `PORT`, `DATABASE_URL` and `API_KEY` from the
 * environment. With an API_KEY it serves the network; without one this machine only, since anybody who reaches it could take the accounts.
 */
import { builtCli } from './scripts/lib/paths.mjs'
import { run } from './scripts/lib/run.mjs'
import { runMain, say } from './scripts/lib/say.mjs'
import { build, setUp } from './scripts/lib/set-up.mjs'

const others = ['brokers', 'browsers', 'logins', 'relay'].flatMap((room) => [`--${room}-port`, 'off'])

await runMain(async (args) => {
  const node = await setUp()
  await build(node)
  const hasKey = (process.env['API_KEY'] ?? '') !== ''
  say(
    hasKey
      ? 'The bots API is open to the network; all but its public routes ask for the API_KEY.'
      : 'No API_KEY is set: the bots API serves this machine only. Set one of 32 characters or more to open it to the network.',
  )
  return run(node, [builtCli, ...others, ...(hasKey ? ['--bots-open-to', 'lan'] : []), ...args], { lifeline: true })
})
