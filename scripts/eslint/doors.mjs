/**
 * The doors of the house: which folder may import from which. Folders are layers, and this rule reads them,
 * so that a room never reaches into another, the server never needs Electron, and the window knows contracts only.
 */
import { dirname, posix, relative, resolve, sep } from 'node:path'
import { roomNames } from '../../server/rooms.ts'

const rooms = /** @type {readonly string[]} */ (roomNames)
/** What each room stands on. */
const kernel = ['http', 'store', 'events', 'secrets', 'config', 'async']

/** Of the files directly in server/, what all stand on. The others put the house together and are known to each other alone. */
const foundations = [
  'clock',
  'fault',
  'isolation',
  'lifecycle',
  'linear-pattern',
  'log',
  'order',
  'placeholders',
  'plain-text',
  'room',
  'room-report',
  'rooms',
  'text-match',
  'version',
]

/** Files of the server that describe data and run nowhere in particular, so the window may import them. */
const openToWindow = [
  // What a contract is made of is reached by its front.
  /^server\/[a-z]+\/contract(\/index)?\.ts$/,
  /^server\/browsers\/contract\/(live-view|wall)-messages\.ts$/,
  // The words of rights and what they include: a key's form has to know both.
  /^server\/http\/rights\.ts$/,
  /^server\/events\/(event|event-types)\.ts$/,
  // The facts of each type of event, which tell whether those of an old one are enough for words of today.
  /^server\/([a-z]+\/|house-)events\.ts$/,
  /^server\/control\/event-types\.ts$/,
  /^server\/(contracts|room-report|rooms)\.ts$/,
  /^server\/config\/settings\.ts$/,
]

/** All that knows the WhatsApp library of the bots stands in this folder. */
const baileys = 'server/bots/engine/baileys/'
/** Engines of which a room knows an interface alone. It chooses one where it is put together. */
const engines = [
  { folder: baileys, face: 'server/bots/engine/engine.ts', chosenIn: 'server/bots/index.ts' },
  { folder: 'server/brokers/engine/embedded/', face: 'server/brokers/engine/broker-engine.ts', chosenIn: 'server/brokers/index.ts' },
]
/** The window's layers, each standing on those before it. Its files outside any folder put them together. */
const windowLayers = ['desktop', 'files', 'presentation', 'api', 'use', 'stores', 'components', 'pages', 'shell']

/**
 * Why `from` may not import `to`, or null when it may.
 * @param {string} from path of the importing file below the project's root, with forward slashes
 * @param {string} to the same for a file of ours; a bare name for a package
 * @param {boolean} typeOnly the import vanishes when the types are stripped
 * @returns {string | null}
 */
export function refusal(from, to, typeOnly) {
  const [house = '', room = ''] = from.split('/')
  const [target = '', targetRoom = '', ...rest] = to.split('/')
  if (target === 'electron')
    return house === 'main' || house === 'preload' || house === 'test' ? null : 'electron is imported in main/ and preload/ alone'
  if (to === 'baileys' && house !== 'test' && !from.startsWith(baileys)) return `baileys is imported in ${baileys} alone`
  const engine = engines.find(({ folder }) => to.startsWith(folder))
  if (engine !== undefined && house === 'server' && !from.startsWith(engine.folder) && from !== engine.chosenIn)
    return `a room knows its engine by ${engine.face}`
  if (target === 'test' && house !== 'test') return 'only tests import from test/'
  if (house === 'renderer' && target === 'renderer') return windowRefusal(from, to)
  if (target === house && house !== 'server') return null
  const isOurs = ['client', 'main', 'preload', 'renderer', 'scripts', 'server'].includes(target)
  if (house === 'client') return isOurs ? 'a client library stands on its own: it is copied out of the house' : null

  if (house === 'server') {
    if (['main', 'preload', 'renderer', 'scripts'].includes(target)) return `server/ does not know ${target}/`
    if (target === 'words' && [...rooms, ...kernel].includes(room)) return 'a room tells facts; their words are made at the edge'
    if (
      target === 'server' &&
      rest.length === 0 &&
      [...rooms, ...kernel].includes(room) &&
      !foundations.includes(targetRoom.replace(/\.ts$/, ''))
    )
      return `${targetRoom} puts the house together, and ${room} is a part of it`
    // A room's own files are its own.
    if (target !== 'server' || rest.length === 0 || room === targetRoom || kernel.includes(targetRoom)) return null
    if (rooms.includes(room)) return `a room imports ${kernel.join(', ')}, never ${targetRoom}`
    if (kernel.includes(room)) return `${room} is what the rooms stand on and does not know ${targetRoom}`
  }
  if (house === 'words') return typeOnly ? null : 'a language knows the facts of the house as types alone'
  if (house === 'renderer') {
    if (target === 'preload')
      return typeOnly && to === 'preload/schema.ts' ? null : 'the window imports preload/schema.ts alone, and as a type'
    if (target === 'main') return 'the window does not know main/'
    if (target === 'server')
      return openToWindow.some((pattern) => pattern.test(to))
        ? null
        : 'the window imports contracts and the data they are made of, nothing else of server/'
  }
  if (house === 'preload' && ['main', 'server', 'renderer'].includes(target)) return `the bridge does not know ${target}/`
  if (house === 'main' && target === 'renderer') return 'the shell does not know renderer/'
  return null
}

/**
 * A component never imports a page, a store never a component, a page never another room's page.
 * @param {string} from @param {string} to both below `renderer/`
 * @returns {string | null}
 */
function windowRefusal(from, to) {
  const [, layer = '', page = '', ...inner] = from.split('/')
  const [, targetLayer = '', targetPage = ''] = to.split('/')
  const place = windowLayers.indexOf(layer)
  if (place === -1) return null
  if (windowLayers.indexOf(targetLayer) > place) return `${layer}/ is what ${targetLayer}/ stands on`
  if (layer === 'pages' && targetLayer === 'pages' && inner.length > 0 && page !== targetPage)
    return `the pages of ${page} do not know those of ${targetPage}`
  return null
}

/** @type {import('eslint').Rule.RuleModule} */
export const doors = {
  meta: {
    type: 'problem',
    docs: { description: 'keep each folder to the imports its place in the house allows' },
    schema: [],
    messages: { closed: '{{why}}: {{from}} may not import {{to}}.' },
  },
  create(context) {
    const from = belowRoot(context.cwd, context.filename)

    /** @param {any} node of whichever parser read the file @param {any} source @param {boolean} typeOnly */
    function check(node, source, typeOnly) {
      if (source?.type !== 'Literal' || typeof source.value !== 'string') return
      const name = source.value
      const to = name.startsWith('.') ? belowRoot(context.cwd, resolve(dirname(context.filename), name)) : name
      const why = refusal(from, to, typeOnly)
      if (why !== null) context.report({ node, messageId: 'closed', data: { why, from, to } })
    }

    /** @param {any} node */
    const onlyTypes = (node) => node.importKind === 'type' || node.exportKind === 'type'
    return {
      ImportDeclaration: (node) => check(node, node.source, onlyTypes(node)),
      ExportNamedDeclaration: (node) => check(node, node.source, onlyTypes(node)),
      ExportAllDeclaration: (node) => check(node, node.source, onlyTypes(node)),
      ImportExpression: (node) => check(node, node.source, false),
      TSImportType: (/** @type {any} */ node) => check(node, node.source ?? node.argument?.literal, true),
    }
  },
}

/** @param {string} root @param {string} file */
function belowRoot(root, file) {
  return relative(root, file).split(sep).join(posix.sep)
}
