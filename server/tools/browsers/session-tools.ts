/** Tools for sessions themselves: which there are, and how one is opened, woken and closed. */
import { z } from 'zod'
import { logsIn } from '../../browsers/contract/site-profile.ts'
import { BrowserFault } from '../../browsers/fault.ts'
import type { Obtained } from '../../browsers/session/wanted.ts'
import type { Session } from '../../browsers/session/session.ts'
import { addressToTell } from '../../http/userinfo.ts'
import { builtInTool, type BuiltInTool, type ToolContent } from '../../relay/built-in/server.ts'
import { facts, words } from '../content.ts'
import { isReached, reachedSession, type AgentCall, type BrowserAccess } from './access.ts'
import { about, address, namedSession } from './parts.ts'
import { workplaceOf } from './workplace.ts'

const addressOf = (opened: Session): string => addressToTell(opened.pages.active()?.url ?? 'about:blank')

type Progress = (done: number, total: number, message: string) => Promise<void>

export function sessionTools(service: BrowserAccess): BuiltInTool[] {
  return [
    builtInTool({
      name: 'browser_list',
      title: 'List browser sessions',
      description:
        'The browser sessions with their state, site and address; those that are hibernated sleep with their login until browser_wake.',
      input: z.object({}),
      readOnly: true,
      right: 'browsers:use',
      run: (_, { standing }) => facts([...live(service, standing), ...asleep(service, standing)]),
    }),
    builtInTool({
      name: 'browser_profiles',
      title: 'List site profiles',
      description: 'The sites that Wheelhouse knows how to sign in to, by the name that browser_open takes.',
      input: z.object({}),
      readOnly: true,
      right: 'browsers:use',
      run: () =>
        facts(
          service.profiles().map((profile) => ({
            ...{ profile: profile.name, title: profile.title, description: profile.description, signsIn: logsIn(profile) },
            address: profile.address === null ? null : addressToTell(profile.address),
          })),
        ),
    }),
    builtInTool({
      name: 'browser_open',
      title: 'Open a browser session',
      description:
        'Opens a browser at an address, or signed in on a site profile. With a profile and a user name alone it takes the session that is signed in already, or wakes the one that sleeps.',
      secrets: { arguments: ['password', 'captcha_api_key'] },
      input: z.object({
        address: address.optional().describe('Where to go; a profile has one of its own'),
        profile: z.string().min(1).max(63).default('plain').describe('From browser_profiles; plain signs in nowhere'),
        username: z.string().max(500).optional(),
        password: z.string().max(500).optional().describe('Only for a login that is not kept'),
        captcha_api_key: z.string().max(500).optional(),
      }),
      readOnly: false,
      right: 'browsers:use',
      about: ({ address: at, profile }) => (at === undefined ? profile : new URL(at).host),
      async run({ address: at, profile: name, username, password, captcha_api_key: captchaApiKey }, call) {
        const profile = service.profile(name)
        if (logsIn(profile) && password === undefined) return known(service, name, username, call)
        await call.progress(0, 2, 'Starting a browser')
        const obtained = await service.obtain({
          profile: name,
          credentials: { username: username ?? '', password: password ?? '', captchaApiKey, address: at },
          waitsForPerson: logsIn(profile),
          actor: call.actor,
          makers: [call.standing.maker],
        })
        return ready(service, obtained, call)
      },
    }),
    builtInTool({
      name: 'browser_wake',
      title: 'Wake a browser session',
      description: 'Brings a session back that sleeps, under the same id, with its login and its tabs.',
      input: z.object(namedSession),
      readOnly: false,
      right: 'browsers:use',
      about,
      async run({ session_id: id }, call) {
        const row = await service.sleepers.settled(id)
        if (row === undefined || !isReached(call.standing, { id, makers: row.facts.makers })) {
          const opened = reachedSession(service, id, call.standing)
          return facts({ ...view(opened), note: 'It is awake' })
        }
        return wake(service, id, call)
      },
    }),
    builtInTool({
      name: 'browser_close',
      title: 'Close a browser session',
      description: 'Ends a session and its browser for good; one that sleeps is forgotten, with its login.',
      input: z.object(namedSession),
      readOnly: false,
      right: 'browsers:use',
      destructive: true,
      about,
      async run({ session_id: id }, { actor, standing }) {
        const row = service.sleepers.find(id)
        const isOwn = row !== undefined && isReached(standing, { id, makers: row.facts.makers })
        await service.close(isOwn ? id : reachedSession(service, id, standing).id, actor)
        return words('Closed')
      },
    }),
  ]
}

const view = (opened: Session) => ({
  ...{ session_id: opened.id, state: opened.state, site: opened.profile.title, address: addressOf(opened) },
  ...(opened.credentials.username === '' ? {} : { username: opened.credentials.username }),
  ...(opened.control.driver === null ? {} : { drivenBy: 'a person' }),
})

function live(service: BrowserAccess, standing: AgentCall['standing']) {
  return service
    .list()
    .filter((opened) => !opened.aside && isReached(standing, opened))
    .map((opened) => ({ ...view(opened), profile: opened.profile.name }))
}

function asleep(service: BrowserAccess, standing: AgentCall['standing']) {
  return service.sleepers
    .list()
    .filter(({ id, facts: { makers } }) => isReached(standing, { id, makers }))
    .map(({ id, facts: row }) => ({
      ...{ session_id: id, state: 'hibernated', address: addressToTell(row.url), username: row.username, profile: row.profile },
      ...(row.refused ? { note: 'Its login is refused by the site; it needs the password' } : {}),
    }))
}

/** By profile and user name, of those that are signed in or sleep. */
async function known(
  service: BrowserAccess,
  profile: string,
  username: string | undefined,
  call: AgentCall & { progress: Progress },
): Promise<ToolContent[]> {
  const isMeant = (each: { profile: string; username?: string }): boolean =>
    each.profile === profile && (username === undefined || each.username === username)
  const open = live(service, call.standing).filter(isMeant)
  const sleeping = asleep(service, call.standing).filter(isMeant)
  const names = [...open, ...sleeping].map((each) => each.username ?? '')
  if (username === undefined && new Set(names).size > 1)
    throw new BrowserFault('missing-fields', `Several users have a login on ${profile}: ${[...new Set(names)].join(', ')}. Give a username`)
  const [first] = open
  if (first !== undefined) {
    workplaceOf(reachedSession(service, first.session_id, call.standing), call.actor)
    return facts(first)
  }
  const [kept] = sleeping
  if (kept !== undefined) return wake(service, kept.session_id, call)
  throw new BrowserFault(
    'missing-fields',
    `No login of ${username ?? 'anybody'} on ${profile} is kept: give username and password, or have a person sign in under Browsers in Wheelhouse`,
  )
}

async function wake(service: BrowserAccess, id: string, call: AgentCall & { progress: Progress }): Promise<ToolContent[]> {
  await call.progress(0, 2, 'Waking the session')
  return ready(service, await service.sleepers.wake(id, { waitsForPerson: true, actor: call.actor, makers: [call.standing.maker] }), call)
}

/** A login that fails leaves the page as it is, for the agent or a person to go on by hand. */
async function ready(
  service: BrowserAccess,
  obtained: Obtained,
  { actor, progress }: AgentCall & { progress: Progress },
): Promise<ToolContent[]> {
  const { session: opened, isNew, release } = obtained
  let problem: string | null = null
  try {
    await progress(1, 2, 'Opening the page')
    await service.handOut.unlessSilent(opened, service.whenSignedIn(opened))
  } catch (error) {
    if (!opened.live || !opened.waitsForPerson) throw error
    problem = error instanceof Error ? error.message : String(error)
  } finally {
    if (opened.live) workplaceOf(opened, actor)
    release()
  }
  await progress(2, 2, 'Ready')
  const help = 'The page is left as it is: browser_snapshot shows it, and a person can take over in Wheelhouse'
  return facts({ ...view(opened), ...(isNew ? {} : { isNew }), ...(problem === null ? {} : { problem: `${problem}. ${help}` }) })
}
