/** A session of the real room on the site of hands, driven over the live view's WebSocket as the window drives it. */
import type { Frame } from 'puppeteer-core'
import { WebSocket } from 'ws'
import { takesPresses } from '../../../../server/browsers/page/takes-presses.ts'
import type { Session } from '../../../../server/browsers/session/session.ts'
import { serveBrowsers, type ServedBrowsers } from '../../../fakes/served-browsers.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { startHandsSite, type HandsSite } from '../../../fixtures/hands-site.ts'
import { patience } from '../../../fixtures/patience.ts'
import { siteProfile, type SiteProfile } from '../../../../server/browsers/contract/site-profile.ts'
import { Viewer } from './viewer.ts'

export interface Driven {
  served: ServedBrowsers
  site: HandsSite
  session: Session
  viewer: Viewer
  /** The front page goes there, by nobody's hand. */
  go(path: string): Promise<void>
  /** Until the page or one of its frames has noted it. */
  noted(text: string): Promise<void>
  /** The middle of an element, in CSS px of the page, also in a frame or a shadow root; what is pressed there reaches it. */
  placeOf(selector: string, inFrame?: boolean): Promise<{ x: number; y: number }>
  click(selector: string, inFrame?: boolean): Promise<void>
  event(kind: string, said?: string): Promise<void>
  /** Another view of the same session. */
  watch(): Promise<Viewer>
  stop(): Promise<void>
}

export async function drive(profile: Partial<SiteProfile> = {}, pages: Record<string, string> = {}): Promise<Driven> {
  const [served, site] = await Promise.all([serveBrowsers(), startHandsSite(pages)])
  const { name, ...made } = siteProfile.parse({ name: 'hands', title: 'Hands', kind: 'none', address: `${site.url}/`, ...profile })
  await served.room.profiles.put(name, made, 'system')
  const opened = await served.post('/v1/browser-sessions', { profile: 'hands' })
  const session = served.room.service.get(opened.body.session.id)
  await served.room.service.whenSignedIn(session)
  const sockets: WebSocket[] = []
  const watch = async (): Promise<Viewer> => {
    const socket = new WebSocket(`${served.url.replace('http', 'ws')}/v1/browser-sessions/${session.id}/view`, {
      headers: { 'x-api-key': 'a-key-for-tests' },
    })
    sockets.push(socket)
    const viewer = new Viewer(socket, true)
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
    return viewer
  }
  const viewer = await watch()
  viewer.show({ maxWidth: 640, maxHeight: 400 })
  viewer.send({ type: 'take-over' })
  await viewer.notice('control', ({ holder }) => holder === 'you')
  const page = () => session.page()
  const driven: Driven = {
    served,
    site,
    session,
    viewer,
    watch,
    async go(path) {
      await page().goto(path.startsWith('http') ? path : site.url + path)
      // The hands are laid on each frame as it comes.
      await eventually('the hands are on the page', async () => (await page().frames()).length > 0)
    },
    noted: async (text) => {
      let notes: unknown[] = []
      const isNoted = async (): Promise<boolean> => {
        const read = (frame: Frame): Promise<unknown> => frame.evaluate('window.notes?.join(" ")').catch(() => '')
        notes = await Promise.all(page().frames().map(read))
        return notes.some((each) => String(each).includes(text))
      }
      await eventually(`the page notes ${text}`, isNoted).catch((error: unknown) => {
        throw new Error(`It noted ${JSON.stringify(notes)}`, { cause: error })
      })
    },
    async placeOf(selector, inFrame = false) {
      const frame = await eventually('the frame', () => (inFrame ? page().frames()[1] : page().mainFrame()))
      const element = await frame.waitForSelector(selector)
      const box = await element?.boundingBox()
      if (element === null || box == null) throw new Error(`${selector} is not to be seen`)
      if (!(await takesPresses(element, AbortSignal.timeout(patience)))) throw new Error(`Nothing reaches ${selector}`)
      return { x: box.x + box.width / 2, y: box.y + box.height / 2 }
    },
    async click(selector, inFrame) {
      viewer.click(await driven.placeOf(selector, inFrame))
    },
    event: async (kind, said = '') => {
      await eventually(`the event ${kind}`, () =>
        session.events().some((event) => event.kind === kind && JSON.stringify(event.facts).includes(said)),
      )
    },
    async stop() {
      for (const socket of sockets) socket.terminate()
      await served.stop()
      await site.stop()
    },
  }
  return driven
}
