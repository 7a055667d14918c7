/**
 * What a program may do in a browser that is kept for more than itself: one line for each command that is not simply passed on. What would
 * end the keeping is answered as Chromium answers it, without its effect, so that a program written for a browser of its own goes on; what
 * would reach past the session (the machine's files, ports, other networks) is refused in words.
 */
import { contextNotFound, refusal, targetNotFound, type Command, type Fields, type ProtocolError } from './messages.ts'
import { plainText } from '../../plain-text.ts'

/** What a command is judged by. */
export interface Standing {
  /** A target that is not the client's to see: at the back, Chromium's own, or in somebody else's context. */
  hides(targetId: string): boolean
  /** A browser context that this client has made. */
  owns(contextId: string): boolean
  /** A browser context that another client has made. */
  isOthers(contextId: string): boolean
  /** Pages and contexts that it has made and that are still there. */
  readonly made: { pages: number; contexts: number }
  /** What the session does with downloads; null while it has not said. */
  readonly downloads: Fields | null
  /** It may name files of this machine: whoever connected it may run programs here anyway. */
  readonly mayNameFiles: boolean
  /** A person holds keyboard and mouse of the session. */
  isDriven(): boolean
}

export type Verdict =
  /** Goes to the browser, perhaps with other parameters; `answered` may change what comes back; what closes a page leaves another. */
  | { kind: 'pass'; params?: Fields; answered?: Answered; closes?: 'page' }
  | { kind: 'answer'; result: Fields }
  | { kind: 'refuse'; error: ProtocolError }
  /** Answered, and then the connection ends, as it does when a browser closes. */
  | { kind: 'leave' }

/** What the hub does with the answer to a command that was passed. */
export type Answered = 'only-visible-targets' | 'only-own-contexts' | 'context-made' | 'context-gone' | 'page-made'

type Rule = (command: Command, standing: Standing) => Verdict

const mostPages = 50
const mostContexts = 20

const pass: Verdict = { kind: 'pass' }
const nothing: Verdict = { kind: 'answer', result: {} }
const refuse =
  (words: string): Rule =>
  () => ({ kind: 'refuse', error: refusal(words) })
const without: Rule = () => nothing

const rules: Readonly<Record<string, Rule>> = {
  // The browser is the session's; the program's connection is its own.
  'Browser.close': () => ({ kind: 'leave' }),
  'Browser.crash': without,
  'Browser.crashGpuProcess': without,
  'Page.crash': refuse('A page of a kept session is not crashed; close it with Target.closeTarget'),
  'Memory.prepareForLeakDetection': refuse('It would stop what others do in this browser'),
  // Downloads go where the session puts them; a path would be one of this machine.
  'Browser.setDownloadBehavior': ({ params }, { downloads }) => {
    const { behavior = 'deny', downloadPath } = downloads ?? {}
    const { browserContextId, eventsEnabled = false } = params
    return { kind: 'pass', params: { behavior, downloadPath, browserContextId, eventsEnabled } }
  },
  'Page.setDownloadBehavior': without,
  // A reset takes back what others were granted too; a client's own grants end with it.
  'Browser.resetPermissions': ({ params }) => (params['browserContextId'] === undefined ? nothing : pass),
  // A window that is put away draws no pictures for anybody.
  'Browser.setWindowBounds': ({ params }) => (isMinimised(params) ? nothing : pass),
  'Browser.setDockTile': without,
  'Browser.executeBrowserCommand': without,
  // Both tell folders of this machine.
  'Browser.getBrowserCommandLine': refuse('The command line of a kept browser is not told'),
  'SystemInfo.getInfo': refuse('What this machine is made of is not told; Browser.getVersion tells the version'),

  // Contexts and pages: each client has its own contexts, and all share the session's pages.
  'Target.createBrowserContext': ({ params }, { made }) => {
    if (params['proxyServer'] !== undefined || params['proxyBypassList'] !== undefined)
      return { kind: 'refuse', error: refusal('A context goes the way of its session to the network; leave out the proxy') }
    if (made.contexts >= mostContexts) return { kind: 'refuse', error: refusal(`A client may have ${mostContexts} contexts`) }
    return { kind: 'pass', params: { disposeOnDetach: true }, answered: 'context-made' }
  },
  'Target.disposeBrowserContext': ({ params }, { owns }) =>
    owns(plainText(params['browserContextId'])) ? { kind: 'pass', answered: 'context-gone' } : { kind: 'refuse', error: contextNotFound },
  'Target.getBrowserContexts': () => ({ kind: 'pass', answered: 'only-own-contexts' }),
  'Target.createTarget': ({ params }, { made, isDriven }) => {
    if (made.pages >= mostPages) return { kind: 'refuse', error: refusal(`A client may have ${mostPages} pages of its own`) }
    // A page that opens in front would take the keyboard from the person who types.
    return { kind: 'pass', answered: 'page-made', params: isDriven() ? { ...params, background: true, newWindow: false } : params }
  },
  // With its last page Chromium forgets the cookies of the visit, and the login with them.
  'Target.closeTarget': () => ({ kind: 'pass', closes: 'page' }),
  'Page.close': () => ({ kind: 'pass', closes: 'page' }),
  'Target.activateTarget': (_, { isDriven }) => (isDriven() ? nothing : pass),
  'Page.bringToFront': (_, { isDriven }) => (isDriven() ? nothing : pass),
  'Target.getTargets': () => ({ kind: 'pass', answered: 'only-visible-targets' }),

  // Attachments are flat, so that each message tells whose it is. What is wrapped into another message would pass unseen.
  'Target.attachToTarget': onlyFlat,
  'Target.setAutoAttach': (command, standing) => (command.params['autoAttach'] === true ? onlyFlat(command, standing) : pass),
  'Target.sendMessageToTarget': refuse('Attach with flatten: true, and send messages with their sessionId'),
  'Target.exposeDevToolsProtocol': refuse('A page is not given the DevTools protocol here'),
  'Target.openDevTools': refuse('There is no window to open DevTools in'),
  'Target.setRemoteLocations': without,

  // What reaches past the session.
  'DOM.setFileInputFiles': ({ params }, { mayNameFiles }) => (mayNameFiles || !hasSome(params['files']) ? pass : noFiles),
  'Input.dispatchDragEvent': ({ params }, { mayNameFiles }) => (mayNameFiles || !dragsFiles(params) ? pass : noFiles),
  'Network.loadNetworkResource': ({ params }) => (isWeb(params['url']) ? pass : { kind: 'refuse', error: refusal('Only http and https') }),
  'Page.navigate': ({ params }) => (isLocal(params['url']) ? noLocal : pass),
  'Tethering.bind': refuse('No ports are opened on this machine'),
  'Tethering.unbind': refuse('No ports are opened on this machine'),
  'Extensions.loadUnpacked': refuse('Extensions are named when a session is opened'),
  'Extensions.uninstall': refuse('Extensions are named when a session is opened'),
  'PWA.install': refuse('Nothing is installed on this machine'),
  'PWA.launch': refuse('Nothing is started on this machine'),
  'PWA.launchFilesInApp': refuse('Nothing is started on this machine'),
}

/** What becomes of a command. */
export function judge(command: Command, standing: Standing): Verdict {
  const { targetId, browserContextId } = command.params
  if (typeof targetId === 'string' && standing.hides(targetId)) return { kind: 'refuse', error: targetNotFound }
  if (typeof browserContextId === 'string' && standing.isOthers(browserContextId)) return { kind: 'refuse', error: contextNotFound }
  if (command.method === 'Target.createTarget' && isLocal(command.params['url'])) return noLocal
  // A name of every object's own, e.g. `constructor`, is no rule.
  return Object.hasOwn(rules, command.method) ? (rules[command.method]?.(command, standing) ?? pass) : pass
}

const noFiles: Verdict = {
  kind: 'refuse',
  error: refusal('Files of this machine are not read for a program from elsewhere; give the page their contents'),
}
const noLocal: Verdict = { kind: 'refuse', error: refusal('Files and the pages of the browser itself are not shown') }

function onlyFlat({ params }: Command, _: Standing): Verdict {
  return params['flatten'] === true ? pass : { kind: 'refuse', error: refusal('Only flat sessions are served: give flatten: true') }
}

function isMinimised({ bounds }: Fields): boolean {
  return typeof bounds === 'object' && bounds !== null && 'windowState' in bounds && bounds.windowState === 'minimized'
}

function dragsFiles({ data }: Fields): boolean {
  return typeof data === 'object' && data !== null && 'files' in data && hasSome(data.files)
}

const hasSome = (list: unknown): boolean => Array.isArray(list) && list.length > 0
const isWeb = (url: unknown): boolean => typeof url === 'string' && /^https?:/i.test(url)

/** What shows files of this machine, or the browser itself. */
const localSchemes = new Set(['file:', 'filesystem:', 'chrome:', 'chrome-untrusted:', 'chrome-extension:', 'devtools:', 'view-source:'])

/** Chromium's own list refuses these too; what a client is told here says why. Parsed as Chromium does, which skips tabs and line ends. */
function isLocal(url: unknown): boolean {
  const { protocol = '', pathname = '' } = (typeof url === 'string' ? URL.parse(url) : null) ?? {}
  // `about:version` is another name of `chrome://version`.
  return localSchemes.has(protocol) || (protocol === 'about:' && pathname !== 'blank' && pathname !== 'srcdoc')
}
