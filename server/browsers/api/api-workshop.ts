/** Answers where site profiles are tried out and recorded. */
import type { Call, Handlers } from '../../http/api.ts'
import { siteProfile } from '../contract/site-profile.ts'
import type { workshopRoutes } from '../contract/workshop.ts'
import { BrowserFault } from '../fault.ts'
import { drive } from '../page/drive.ts'
import { pickAt } from '../trial/pick.ts'
import { takePicture } from '../trial/picture.ts'
import { actor, type ApiParts } from './parts.ts'

const noLogin = { username: '', password: '' }
const image = (jpeg: Uint8Array) => ({ status: 200 as const, body: jpeg, headers: { 'cache-control': 'no-store' } })

export function createWorkshopHandlers({ service, workshop, clock }: ApiParts): Handlers<typeof workshopRoutes> {
  const { trials, recordings, prepareTrial } = workshop
  const by = (call: Call) => ({ actor: actor(call), maker: call.standing.maker })
  return {
    startTrial: async ({ body }, call) => {
      const { profile, username, password, captchaApiKey, address, operation } = body
      const credentials = { username, password, captchaApiKey, address }
      if (profile.address === null && address === undefined) throw new BrowserFault('missing-fields', 'Missing required fields: address')
      const wanted = await prepareTrial(profile, credentials, { operation })
      const session = await service.apart.openAside(profile, { credentials, ...by(call) })
      return { status: 202, body: { trial: trials.start(session, wanted, actor(call)) } }
    },
    trials: ({ query }) => ({ status: 200, body: { trials: trials.list(query.site) } }),
    trialPicture: ({ params }) => {
      const jpeg = trials.get(params.trial).picture(params.step)
      if (jpeg === undefined) throw new BrowserFault('trial-not-found', 'There is no picture of this step')
      return image(jpeg)
    },
    trialPage: async ({ params }) => {
      const session = trials.session(params.trial)
      const { secrets } = trials.get(params.trial)
      const picture = await drive(session, () => takePicture(session.page(), secrets, null, { clock, startTimer: session.startTimer }))
      if (picture === null) throw new BrowserFault('page-failed', 'The page cannot be shown now')
      return image(picture.jpeg)
    },
    pickOnTrial: async ({ params, body }) => ({ status: 200, body: await pickAt(trials.session(params.trial), body.x, body.y) }),
    continueTrial: async ({ params, body }, call) => {
      const { profile, ...what } = body
      const wanted = await prepareTrial(profile, trials.session(params.trial).credentials, what)
      return { status: 202, body: { trial: trials.continue(params.trial, wanted, actor(call)) } }
    },
    endTrial: ({ params }) => {
      trials.end(params.trial)
      return { status: 204, body: null }
    },
    startLoginRecording: async ({ body: { address } }, call) => {
      // Whose login page it may reach, and what it is told as.
      const site = siteProfile.parse({ name: 'recording', title: new URL(address).host, kind: 'none', address, popups: true })
      const session = await service.apart.openAside(site, { credentials: noLogin, ...by(call) })
      return { status: 202, body: { recording: recordings.start(address, session) } }
    },
    loginRecording: ({ params }) => ({ status: 200, body: { recording: recordings.get(params.recording) } }),
    dropRecordedStep: ({ params }) => ({ status: 200, body: { recording: recordings.dropLast(params.recording) } }),
    endLoginRecording: async ({ params }) => ({ status: 200, body: { recording: await recordings.end(params.recording) } }),
  }
}
