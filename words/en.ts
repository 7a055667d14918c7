/** English. */
import { formatOf } from './format.ts'
import { lockedWords, type Sentence, type Words } from './words.ts'

const locale = 'en-GB'
const { number, plural } = formatOf(locale)

const apis: Words['apis'] = {
  control: { title: 'Control', kept: 'Settings, keys and the audit trail' },
  browsers: { title: 'Browsers', kept: 'Site profiles and what is known of browsers' },
  brokers: { title: 'Brokers', kept: 'Broker sessions and their messages' },
  bots: { title: 'Bots', kept: 'Bots, their messages and rules' },
  logins: { title: 'Logins', kept: 'Logins and their users' },
  relay: { title: 'Relay', kept: 'Relay servers, sessions and the credits' },
}

const apiStates: Words['states']['apis'] = {
  listening: 'Listening',
  'port-in-use': 'Port in use',
  starting: 'Starting',
  failed: 'Failed',
  off: 'Off',
  exposed: 'Open to all',
}

const needYou = ({ count }: { count: number }): string => plural(count, { one: '# thing needs you', other: '# things need you' })

const ownSessions = { use: 'Its own sessions', manage: 'All sessions' }
const setApart = (names: readonly string[]): Sentence => names.flatMap((name, index) => (index === 0 ? [{ name }] : [', ', { name }]))

/** What waits goes out by itself then, e.g. `after pairing`. */
const goesOut = (queue: number, when: string): string =>
  queue === 0 ? '' : ` ${plural(queue, { one: '# message waits and goes', other: '# messages wait and go' })} out ${when}.`

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`)

const leftHow = { left: 'has left', ended: 'was ended by a person', 'cut-off': 'was cut off' }

const disk: Words['disk'] = {
  full: 'the disk is full',
  'read-only': 'the disk is read-only',
  'not-allowed': 'this user is not allowed to write there',
  broken: 'the file is damaged',
}

const locked: Words['locked'] = {
  bots: ({ count, names }) => `${plural(count, { one: '# bot', other: '# bots' })} (${names.join(', ')})`,
  webhooks: ({ count }) => plural(count, { one: '# webhook', other: '# webhooks' }),
  backups: ({ count }) => plural(count, { one: '# backup', other: '# backups' }),
  'signing-keys': ({ count }) => plural(count, { one: '# signing key of logins', other: '# signing keys of logins' }),
  servers: ({ count, names }) => `${plural(count, { one: '# server', other: '# servers' })} (${names.join(', ')})`,
  'sign-ins': ({ count }) => plural(count, { one: 'the sign-in at # server', other: 'the sign-in at # servers' }),
  bridges: ({ count, names }) => `${plural(count, { one: '# bridge', other: '# bridges' })} (${names.join(', ')})`,
  'kept-logins': ({ count }) => plural(count, { one: '# kept login', other: '# kept logins' }),
  'session-addresses': ({ count }) => plural(count, { one: 'the shown address of # session', other: 'the shown address of # sessions' }),
}

export const en: Words = {
  locale,
  apis,
  disk,
  locked,

  events: {
    house: {
      'api-started': 'API started',
      'api-stopped': 'API stopped',
      'api-changed': ({ openTo, insecure }) => (openTo === 'lan' ? (insecure ? 'API open to all' : 'API open to the LAN') : 'API changed'),
      'port-in-use': 'Port taken',
      failed: 'API could not start',
      'room-down': 'Room cannot be served',
      'room-restarted': 'Room restarted',
      'error-contained': 'Error contained',
      'locked-given-up': 'Locked data given up',
    },
    control: {
      'settings-changed': 'Setting changed',
      'sealing-key-read': 'Sealing key read again',
      'key-created': 'Key created',
      'key-narrowed': 'Rights taken from a key',
      'key-revoked': 'Key revoked',
      'user-created': 'Account added',
      'user-changed': 'Account changed',
      'user-removed': 'Account removed',
      'signed-in': 'Browser signed in',
      'signed-out': 'Browser signed out',
      'signed-out-all': 'All browsers signed out',
    },
    browsers: {
      'session-opened': 'Session opened',
      'session-ready': 'Session ready',
      'session-closed': 'Session closed',
      'session-crashed': 'Browser died',
      'login-failed': 'Login failed',
      'lease-taken': 'Session leased',
      'lease-ended': 'Lease ended',
      'client-joined': 'Program connected',
      'client-left': 'Program left',
      'took-over': 'Taken over',
      'given-back': 'Given back',
      refreshed: 'Login checked',
      'person-wanted': 'A login waits for a person',
      'signed-out': 'Signed out by the site',
      'signed-in-again': 'Signed in again',
      'popup-blocked': 'Popup blocked',
      'download-blocked': 'Download refused',
      'download-begun': 'Download began',
      'download-ended': ({ how }) => ({ done: 'File downloaded', stopped: 'Download stopped', failed: 'Download failed' })[how],
      'recording-begun': 'Recording began',
      'recording-ended': 'Recording ended',
      'page-crashed': 'Page crashed',
      'not-responding': 'Browser does not answer',
      answered: 'Browser answers again',
      'state-touched': ({ how }) =>
        ({
          exported: 'Login state exported',
          revealed: 'Login state looked at',
          changed: 'Login state changed',
          imported: 'Login state imported',
          cleared: 'Login state cleared',
        })[how],
      woke: 'Session woken',
      'kept-login-refused': 'Kept login refused',
      'kept-login-forgotten': ({ why }) => (why === 'by-request' ? 'Kept login forgotten' : 'Kept login removed'),
      'profile-made': 'Site profile made',
      'profile-changed': 'Site profile changed',
      'profile-removed': ({ builtIn }) => (builtIn ? 'Built-in site profile restored' : 'Site profile removed'),
      'site-tried': ({ how }) => (how === 'passed' ? 'Site tried out: signed in' : 'Site tried out'),
      'practice-site-connected': 'Practice site connected',
      'practice-site-ended': 'Practice site ended',
    },
    brokers: {
      'session-created': 'Session created',
      'session-changed': 'Session changed',
      'session-suspended': 'Session suspended',
      'session-resumed': 'Session resumed',
      'session-dropped': ({ expired }) => (expired ? 'Session expired' : 'Session dropped'),
      'secret-rotated': 'Secret key replaced',
      'retained-deleted': ({ count }) => (count === 1 ? 'Retained message deleted' : `${count} retained messages deleted`),
      'client-evicted': 'Slow client disconnected',
      'dead-letter': 'Message could not be delivered',
      'named-client-added': ({ client }) => `Named client ${client} added`,
      'named-client-changed': ({ client }) => `Named client ${client} changed`,
      'named-client-revoked': ({ client }) => `Named client ${client} revoked`,
      'bridge-created': ({ bridge }) => `Bridge ${bridge} made`,
      'bridge-changed': ({ bridge }) => `Bridge ${bridge} changed`,
      'bridge-removed': ({ bridge }) => `Bridge ${bridge} removed`,
      'bridge-up': ({ bridge }) => `Bridge ${bridge} connected`,
      'bridge-down': ({ bridge }) => `Bridge ${bridge} is down`,
      'rule-added': ({ rule }) => `Rule ${rule} added`,
      'rule-changed': ({ rule }) => `Rule ${rule} changed`,
      'rule-removed': ({ rule }) => `Rule ${rule} removed`,
      'rule-failing': ({ rule }) => `Rule ${rule} keeps failing`,
      'rule-works': ({ rule }) => `Rule ${rule} works again`,
      'storage-failed': 'Messages cannot be stored',
      'storage-works': 'Messages are stored again',
    },
    bots: {
      'bot-stopped': 'Bot stopped',
      'bot-starting': 'Bot starting',
      'bot-pairing': 'Bot waits for its phone',
      'bot-online': 'Bot online',
      'bot-reconnecting': 'Bot lost its connection',
      'bot-logged-out': 'Bot unlinked on the phone',
      'bot-blocked': 'Bot refused by WhatsApp',
      'bot-replaced': 'Bot replaced by another program',
      'bot-failed': 'Bot failed',
      'bot-restricted': 'Bot held back by WhatsApp',
      'bot-unrestricted': 'Bot held back no more',
      'bot-created': 'Bot created',
      'bot-changed': 'Bot changed',
      'bot-deleted': 'Bot deleted',
      'bot-unlinked': 'Bot unlinked and deleted',
      'bot-backed-up': 'Backup kept',
      'bot-restored': 'Backup restored',
      'bot-rule-added': 'Rule added',
      'bot-rule-changed': 'Rule changed',
      'bot-rule-removed': 'Rule removed',
      'bot-rule-failed': 'Rule failed',
    },
    logins: {
      'session-created': 'Logged in',
      'session-renewed': 'Login renewed',
      'session-ended': ({ reason }) =>
        reason === 'logout' ? 'Logged out' : reason === 'evicted' ? 'Login evicted by a newer one' : 'Login revoked',
      'token-reused': 'Replaced token used again; session ended',
      'session-denied': 'Login denied: too many sessions',
      'sessions-ended': ({ user }) => (user === undefined ? 'Logins revoked by filter' : 'Logins of a user revoked'),
      'login-failed': 'Wrong user name or password',
      'user-created': 'Login user added',
      'user-changed': 'Login user changed',
      'user-removed': 'Login user removed',
      'key-rotated': 'Signing key rotated',
      'key-removed': 'Signing key removed',
      'keys-lost': 'Signing keys were lost; other ones sign now',
      'keys-given-up': 'Locked signing keys given up',
    },
    relay: {
      'session-created': 'Relay session created',
      'session-address-shown': 'Relay session’s address shown',
      'session-refreshed': 'Relay session extended',
      'session-changed': 'Relay session changed',
      'session-revoked': 'Relay session revoked',
      'account-rules-changed': 'What an account may reach was changed',
      'calls-in-doubt': ({ calls }) => (calls === 1 ? 'A call was cut off' : `${calls} calls were cut off`),
      'doubt-taken': ({ credits }) => `Call in doubt charged with ${credits} credits`,
      'doubt-given-back': ({ credits }) => `Call in doubt given back ${credits} credits`,
      'upstream-added': 'Server added',
      'upstream-changed': 'Server changed',
      'upstream-removed': 'Server removed',
      'upstream-restarted': 'Server started again',
      'upstream-installing': ({ by }) => `Server is being installed by ${by}`,
      'upstream-start-cancelled': 'Start of server cancelled',
      'upstream-process-ended': 'A client’s own connection ended',
      'upstream-settings-shown': 'Server’s settings shown',
      'upstream-signed-in': 'Signed in at server',
      'upstream-signed-out': 'Signed out at server',
      'upstream-failed': 'Server failed',
      'upstream-recovered': 'Server runs again',
      'call-waits': 'Call waits for a yes',
      'call-allowed': ({ always }) => (always ? 'Tool allowed from now on' : 'Call allowed once'),
      'call-refused': ({ late }) => (late ? 'Call refused, nobody answered' : 'Call refused'),
      'call-taken-back': 'Waiting call taken back',
      'tool-changed': ({ accepted }) => (accepted ? 'Changed tool accepted' : 'Tool changed'),
      'tool-group-changed': 'Tool group changed',
      'session-profile-changed': 'Session profile changed',
      'tool-quarantined': 'Tool definition changed',
      'tool-used': ({ title }) => title,
      'tool-failed': ({ title }) => `${title} failed`,
    },
  },
  sessionEvents: {
    'session-opened': ({ site }) => `Opened on ${site}`,
    'session-ready': ({ hasLogin }) => (hasLogin ? 'Ready for scripts and people' : 'The page is open'),
    'session-closed': ({ said }) => said,
    'session-crashed': ({ said }) => said,
    'login-failed': ({ said }) => said,
    'lease-taken': ({ holder }) => `${holder} leased the session`,
    'lease-ended': ({ holder, how }) => `The lease of ${holder} was ${how === 'given-back' ? 'given back' : 'ended at its deadline'}`,
    'client-joined': ({ client, program }) =>
      `${client} drives the session${program === '' || program === client ? '' : ` with ${program}`}`,
    'client-left': ({ client, how }) => `${client} ${leftHow[how]}`,
    'took-over': 'A person took over keyboard and mouse',
    'given-back': 'Keyboard and mouse were given back',
    refreshed: ({ said }) => said,
    'person-wanted': ({ what }) => `The login waits for a person: ${what}`,
    'signed-out': ({ why }) => `The login is gone: ${why}`,
    'signed-in-again': ({ held, why }) => (held ? `The login holds, although ${why}` : `Logged in again, because ${why}`),
    'popup-blocked': ({ how }) => (how === 'refused' ? 'A popup was refused' : 'A popup was closed'),
    'download-blocked': ({ file }) => `Download of ${file} refused`,
    'download-begun': ({ file }) => `${file} arrives`,
    'download-ended': ({ file, how }) => `${file} ${{ done: 'has arrived', stopped: 'was stopped', failed: 'did not arrive' }[how]}`,
    'recording-begun': 'What the page shows is recorded',
    'recording-ended': ({ seconds, why }) =>
      `${seconds} s were recorded, ${
        {
          stopped: 'until it was stopped',
          'session-ended': 'until the session ended',
          'too-long': 'the longest time there is',
          'no-room': 'until there was no more room for recordings',
          'disk-refused': 'until the disk refused',
          'server-ended': 'until the server stopped',
        }[why]
      }`,
    'page-crashed': ({ url }) => `The page crashed and was loaded again: ${url}`,
    'not-responding': 'The browser does not answer',
    answered: 'The browser answers again',
    'state-touched': ({ how, what }) =>
      ({
        exported: `Its cookies and storage were exported (${what})`,
        revealed: `The value of ${what} was looked at`,
        changed: `${what} was changed by hand`,
        imported: `Cookies and storage were imported (${what})`,
        cleared: 'Its cookies and storage were removed by hand',
      })[how],
    woke: ({ held }) => (held ? 'Woken; the site had the login still' : 'Woken, with a new login'),
    'kept-login-refused': ({ why, ranOut, times, given }) =>
      ranOut
        ? `The kept login had run out: ${why}`
        : times === 0
          ? `The site has ended the kept login meanwhile: ${why}`
          : `The site refused the kept login, although it had not run out (${times} in a row): it seems to bind logins to one run of the browser${given ? '; it is not offered them any more' : ''}`,
    'sign-in': ({ step, host }) =>
      ({
        opening: `Opening ${host}`,
        'already-logged-in': 'Already logged in',
        'solving-captcha': 'Solving the captcha',
        'captcha-solved': 'Captcha solved',
        'no-captcha': 'The site asks for no captcha',
        sending: 'Sending the login',
        'logged-in': 'Logged in',
      })[step],
    'address-refused': ({ said }) => said,
    'dialog-dismissed': ({ said }) => `The page said: ${said}`,
    'dialog-shown': ({ kind, said }) => (kind === 'beforeunload' ? 'The page asks whether it may be left' : `The page asks: ${said}`),
    'dialog-answered': ({ kind, how, said }) =>
      `${kind === 'beforeunload' ? 'Leaving the page' : said}: ${
        {
          accepted: 'accepted',
          refused: 'refused',
          late: 'refused, since nobody answered',
          abandoned: 'nobody drives any more',
          elsewhere: 'answered by a program',
        }[how]
      }`,
    'page-opened': 'A link opened a new page',
    'popup-opened': 'The site opened a window of its own',
    'page-stopped': ({ url, how }) =>
      how === 'stands' ? `The script of the page was stopped: ${url}` : `The page was stopped and emptied: ${url}`,
    'permission-asked': ({ name, host }) => `${host} asks for ${name}; denied`,
    'permission-allowed': ({ name, host }) => `${host} may use ${name} in this session`,
    navigated: ({ url }) => url,
    'page-closed': ({ most }) => `More than ${most} pages were open; the oldest one at the back was closed`,
    recycled: ({ megabytes }) => `Its browser had grown to ${megabytes} MB and was started anew, with all it had`,
    'page-replaced': 'The page did not answer and was replaced by a new one',
    'end-explained': ({ cause }) =>
      ({
        'out-of-memory': 'The browser ran out of memory and was ended. Close other sessions or programs, or allow fewer sessions',
        killed: 'Something else on this machine ended the browser. Wheelhouse did not; a clean-up script or a person may have',
        crashed: 'Chromium failed and ended itself. Restart the session; if it happens again on this page, try another Chromium',
        exited: 'The browser closed by itself, e.g. because its last window was closed',
        disconnected: 'The browser closed its connection to Wheelhouse and was ended. Restart the session',
        silent: 'The browser had not answered for a while and was ended, because nobody else was using it',
        'driver-failed': 'The code that drives the browser failed, and the session was ended for safety. The log has the error',
        'start-failed': 'The browser did not start',
        'login-failed': 'The login failed, and nobody had asked for the session to wait for a person',
        closed: 'It was closed by request',
        idle: 'Nobody used it for as long as the settings allow',
        evicted: 'Its place was needed, and it was the one that nobody had used for longest',
        shutdown: 'The server stopped',
        hibernated: 'It was put to sleep by request',
      })[cause],
  },

  attention: {
    house: {
      'port-taken': {
        title: ({ port }) => `Port ${port} is used by another program`,
        text: ({ api, meanwhile, error }) => (api === 'control' ? error : `The ${api} API answers on ${meanwhile} meanwhile`),
      },
      'api-failed': { title: ({ api }) => `The ${api} API could not start`, text: ({ error }) => error },
      'open-to-all': { title: ({ api }) => `Anyone on your network can use ${api}`, text: 'It is open to the LAN and asks for no key' },
      'settings-set-aside': {
        title: ({ paths }) => plural(paths.length, { one: 'A setting could not be used', other: '# settings could not be used' }),
        text: ({ paths }) => `${paths.join(', ')}: kept aside, the defaults are in force`,
      },
      'room-down': {
        title: ({ room }) => `${room === 'relay' ? 'Relay servers and sessions' : apis[room].title} cannot be served`,
        text: ({ reason }) => reason,
      },
      'disk-refuses': {
        title: ({ room, refusal }) => `${apis[room].kept} cannot be ${refusal === 'broken' ? 'read' : 'stored'}`,
        text: ({ folder, refusal, reason, lasting }) => {
          const wayOut = lasting ? 'Start Wheelhouse again when that is mended.' : 'It is tried again by itself.'
          return `In ${folder}: ${refusal === 'failing' ? reason : disk[refusal]}. ${
            refusal === 'broken' ? 'Put back a copy of it and start Wheelhouse again.' : wayOut
          }`
        },
      },
      'sealing-key': {
        title: ({ state }) =>
          ({
            changed: 'The sealing key is another one',
            missing: 'The sealing key is missing',
            broken: 'The sealing key cannot be read',
            protected: 'The sealing key is kept by the desktop app',
          })[state],
        text: ({ reason }) => `${reason}. Put the key back, then try again.`,
      },
      locked: {
        title: (facts) => `Locked: ${facts.locked.map((some) => lockedWords({ locked }, some)).join(', ')}`,
        text: ({ byDesktop }) =>
          byDesktop
            ? 'Opens again in the desktop app, which has the key.'
            : 'Sealed with a key that is not here. Put the key back, or give up what it sealed.',
      },
    },
    control: {},
    browsers: {
      'session-needs-you': { title: ({ of }) => `Session of ${of} needs you`, text: ({ reason }) => reason },
      'session-not-responding': { title: ({ of }) => `Session of ${of} does not answer`, text: ({ reason }) => reason },
      'session-died': { title: ({ of }) => `Browser of ${of} died`, text: ({ reason }) => reason },
      'chromium-missing': { title: 'No Chromium found', text: ({ problem }) => problem },
      'chromium-failed': { title: 'Chromium does not start', text: ({ problem }) => problem },
    },
    brokers: {
      'dead-letters': {
        title: ({ session, count }) => `${plural(count, { one: '# dead letter', other: '# dead letters' })} in ${session}`,
        text: 'Messages that could not be delivered wait to be replayed or purged.',
      },
      'storage-failed': { title: 'Messages cannot be stored', text: ({ error }) => error },
      'journal-damaged': {
        title: 'Messages may be missing',
        text: ({ folder, damage }) => {
          const more = damage.length > 3 ? `; and ${number(damage.length - 3)} more` : ''
          return (
            `In ${folder}, ${damage.slice(0, 3).join('; ')}${more}. All others are there. ` +
            'A file that could not be read stays where it is: when it can be, restart the brokers.'
          )
        },
      },
      'mqtt-port': {
        title: 'MQTT port is not open',
        text: ({ port, error }) => error ?? `Port ${port} is used by another program`,
      },
      'bridge-down': {
        title: ({ bridge, session, isRefused }) => `The bridge ${bridge} of ${session} ${isRefused ? 'is refused' : 'is down'}`,
        text: ({ reason }) => `${reason}. What is to go out waits on disk; it is tried again by itself.`,
      },
      'rule-failing': {
        title: ({ rule, session }) => `The rule ${rule} of ${session} keeps failing`,
        text: ({ problem }) => `${problem}.`,
      },
      'rule-calls-dead': {
        title: ({ rule, dead, dropped }) =>
          dead === 0
            ? `Rule ${rule}: ${plural(dropped, { one: '# message was lost', other: '# messages were lost' })}`
            : `Rule ${rule}: ${plural(dead, { one: '# message was not delivered', other: '# messages were not delivered' })}`,
        text: ({ url, dropped }) =>
          `${url} did not take them.${dropped === 0 ? '' : ` ${number(dropped)} older ones made room for them and are gone.`} Try them once more, or delete them.`,
      },
      'rule-webhook-gone': {
        title: ({ rule, session }) => `The webhook of the rule ${rule} of ${session} is turned off`,
        text: ({ url }) => `${url} answered 410: nothing is there any more. What comes waits for it; try again, or remove the rule.`,
      },
    },
    bots: {
      'bot-stuck': {
        title: ({ name, state, locked: isLocked }) => {
          if (isLocked) return `${name} is locked`
          if (state === 'logged_out') return `${name} was logged out`
          if (state === 'blocked') return `${name} was refused by WhatsApp`
          return state === 'replaced' ? `${name} was replaced` : `${name} does not run`
        },
        text: ({ reason }) => reason,
      },
      'webhook-dead': {
        title: ({ bot, dead, dropped }) =>
          dead === 0
            ? `${bot}: ${plural(dropped, { one: '# webhook event was lost', other: '# webhook events were lost' })}`
            : `${bot}: ${plural(dead, { one: '# webhook event was not delivered', other: '# webhook events were not delivered' })}`,
        text: ({ url, dropped }) =>
          `${url} did not take them.${dropped === 0 ? '' : ` ${number(dropped)} older ones made room for them and are gone.`} Deliver them once more, or discard them.`,
      },
      'webhook-gone': {
        title: ({ bot }) => `A webhook of ${bot} is turned off`,
        text: ({ url }) => `${url} answered 410: nothing is there any more. What happens waits for it; resume it, or remove it.`,
      },
      'bot-restricted': { title: ({ name }) => `${name} may begin no new chats`, text: ({ reason }) => `${reason}.` },
    },
    logins: {
      'redis-unusable': {
        title: 'Redis cannot be used',
        text: ({ error }) => `Logins cannot be made, ended or relied on: ${error}. It is tried again by itself.`,
      },
      'clocks-differ': {
        title: ({ ahead }) => {
          const by = `${number(Math.round(Math.abs(ahead) / 1_000))} s`
          return `This machine’s clock is ${by} ${ahead > 0 ? 'ahead of' : 'behind'} that of Redis`
        },
        text: 'Logins go by the clock of Redis, all else here by the machine’s own. Let both follow a time server.',
      },
      'keys-locked': {
        title: 'The keys that sign logins are locked',
        text:
          'They were sealed under another password of Redis. ' +
          'No login can be made or validated until it is given, or they are given up: Logins, Keys.',
      },
      'older-keys-locked': {
        title: ({ count }) => plural(count, { one: 'An older signing key is locked', other: '# older signing keys are locked' }),
        text: 'Tokens they signed under another password of Redis cannot be checked here. They are forgotten when their time is over.',
      },
      'keys-lost': {
        title: 'Signing keys were lost',
        text: ({ before, now }) => {
          const signs = before === now ? `A new ${now} key signs` : `A key of another algorithm signs now: ${now} instead of ${before}`
          return (
            `They are gone from where they were kept; it was emptied or exchanged. ${signs}. ` +
            'All who were logged in have to log in again.'
          )
        },
      },
    },
    relay: {
      'server-failed': { title: ({ server }) => `Server ${server} failed`, text: ({ error }) => error },
      'server-signed-out': {
        title: ({ server }) => `Server ${server} wants you to sign in`,
        text: 'Its tools are missing until you have.',
      },
      'calls-in-doubt': {
        title: ({ calls }) => (calls === 1 ? 'A call is in doubt' : `${number(calls)} calls are in doubt`),
        text: ({ credits }) => `A crash cut them off: ${number(credits)} credits are held until you take them or give them back.`,
      },
      'call-waits': {
        title: ({ server, tool }) => `${tool} of ${server} wants your yes`,
        text: ({ session, account }) => `Asked by ${session ?? account}; refused when the time is over`,
      },
      'tools-changed': {
        title: ({ server }) => `Tools of ${server} changed`,
        text: ({ held }) => `${number(held)} held back until you have looked at them`,
      },
    },
  },

  overview: {
    browsers: {
      unit: ({ most }) => `of ${number(most)}`,
      text: ({ open, inUse }) => (open === 0 ? 'No browser is open' : inUse === 0 ? 'None in use' : `${number(inUse)} in use`),
      rate: 'Sessions opened',
    },
    brokers: {
      unit: ({ sessions }) => plural(sessions, { one: 'session', other: 'sessions' }),
      text: ({ clients, queued }) => `${plural(clients, { one: '# client', other: '# clients' })}, ${number(queued)} queued`,
      rate: 'Deliveries',
    },
    bots: {
      unit: ({ bots }) => `of ${number(bots)}`,
      text: ({ bots, online }) => (bots === 0 ? 'No bot is linked' : `${number(online)} online`),
      rate: 'Messages',
    },
    logins: {
      unit: 'active',
      text: ({ storage, mostPerUser }) =>
        `${{ memory: 'in memory', redis: 'in Redis', database: 'in the database' }[storage]}, at most ${number(mostPerUser)} per user`,
      rate: 'Validations',
    },
    relay: {
      unit: ({ sessions }) => plural(sessions, { one: 'session', other: 'sessions' }),
      text: ({ servers, ready }) => (servers === 0 ? 'No server is set up' : `${number(ready)} of ${number(servers)} servers ready`),
      rate: 'Calls',
    },
  },

  states: {
    apis: apiStates,
    browsers: {
      starting: 'Starting',
      'signing-in': 'Signing in',
      ready: 'Ready',
      'in-use': 'In use',
      'taken-over': 'Taken over',
      'needs-you': 'Needs you',
      'not-responding': 'Not responding',
      closing: 'Closing',
      hibernated: 'Hibernated',
      closed: 'Closed',
    },
    bots: {
      stopped: 'Stopped',
      starting: 'Starting',
      pairing: 'Pairing',
      online: 'Online',
      reconnecting: 'Reconnecting',
      logged_out: 'Logged out',
      blocked: 'Blocked',
      replaced: 'Replaced',
      failed: 'Failed',
    },
    webhooks: { givenUp: 'Given up', trying: 'Trying', delivers: 'Delivers', paused: 'Paused', gone: 'Turned off' },
    deliveries: { waiting: 'Waits', delivered: 'Delivered', dead: 'Given up' },
    brokers: { running: 'Running', suspended: 'Suspended' },
    bridges: {
      off: 'Off',
      connecting: 'Connecting',
      connected: 'Connected',
      waiting: 'Not connected',
      refused: 'Refused',
      locked: 'Locked',
    },
    rules: { on: 'Works', off: 'Off', failing: 'Failing', resting: 'Suspended', locked: 'Locked' },
    namedClients: { connected: 'Connected', away: 'Away', never: 'Never seen' },
    brokerClients: { connected: 'Connected', behind: 'Behind', slow: 'Takes nothing', away: 'Away' },
    logins: {
      active: 'Active',
      expiring: 'Expiring',
      over: 'Over',
      logout: 'Logged out',
      revoked: 'Revoked',
      evicted: 'Evicted',
      reused: 'Token reused',
      expired: 'Expired',
      idle: 'Idle too long',
      limit: 'Longest life reached',
    },
    servers: {
      ready: 'Ready',
      starting: 'Starting',
      installing: 'Installing',
      retrying: 'Retrying',
      'signed-out': 'Sign in',
      failed: 'Failed',
      locked: 'Locked',
      disabled: 'Disabled',
    },
    relaySessions: { active: 'Active', expired: 'Expired' },
    calls: { succeeded: 'Succeeded', refused: 'Refused', failed: 'Failed' },
  },

  window: {
    actions: {
      tryAgain: 'Try again',
      changePort: 'Change port',
      usePort: ({ port }) => `Use port ${port}`,
      closeToMachine: 'Close to this machine',
      askForKey: 'Ask for a key',
      takeOver: 'Take over',
      details: 'Details',
      restart: 'Restart',
      lookAgain: 'Look again',
      choose: 'Choose',
      installChromium: 'Install Chromium',
      review: 'Review',
    },
    advice: {
      unreachable: 'The window tries again by itself.',
      timeout: 'It may be busy. Try again in a moment.',
      'port-in-use': 'Choose another port, or end the program that uses this one.',
      'setting-fixed':
        'A flag, a variable or a connected practice site fixes this value. Change it where Wheelhouse is started, or end the practice site.',
      'rate-limited': 'Wait a few seconds, then try again.',
      'key-refused': 'Sign in again, or ask for a key that allows this.',
      'no-browser': 'Open Settings, Browsers to choose or install a Chromium.',
      'no-capacity': 'Close a session, or raise the limit in Settings, Browsers.',
    },
    actionFailed: ({ action }) => `${action} did not work`,
    webhookEvents: {
      message: { label: 'Messages', help: 'What comes in, and what the account writes elsewhere' },
      edited: { label: 'Edits', help: 'A message says something else now' },
      revoked: { label: 'Deletions', help: 'A message was deleted for all' },
      pinned: { label: 'Pins', help: 'A message is shown at the top of its chat' },
      progress: { label: 'Progress', help: 'Own messages: sent, delivered, read, failed' },
      state: { label: 'State', help: 'Online, reconnecting, logged out and so on' },
      rule: { label: 'Rules', help: 'What a rule sends, and what came of the rules' },
      channel: { label: 'Channels', help: 'Reactions, views and changes of channels; posts are messages' },
      status: { label: 'Status', help: 'Somebody has put up a status, or taken it down' },
      group: { label: 'Groups', help: 'Who joins, leaves and is made admin, and what changes of a group' },
      vote: { label: 'Votes', help: 'Who chose what in a poll' },
      call: { label: 'Calls', help: 'A call rings, is taken elsewhere, refused, missed or over' },
      chat: { label: 'Chats', help: 'A chat is archived, pinned, muted, marked as unread, cleared or deleted; stars' },
      label: { label: 'Labels', help: 'A label is made, changed or deleted, put on a chat or message or taken off' },
      history: { label: 'Older messages', help: 'The phone has handed over messages from before' },
      presence: { label: 'Presence', help: 'Who is online, writes or records; only where it is chosen, since it comes by the second' },
      restriction: { label: 'Held back', help: 'WhatsApp lets the account begin no new chats for a while, or lets it again' },
      media: { label: 'Files', help: 'The file of a message is kept, or cannot be had; only where it is chosen' },
      merged: { label: 'Merged chats', help: 'Two chats turned out to be one person’s' },
    },
    everyEvent: 'Everything',
    webhookChoices: {
      onlyGroups: 'groups alone',
      onlyPeople: 'people alone',
      inOrder: 'one order',
      someChats: ({ count }) => plural(count, { one: '# chat', other: '# chats' }),
      ownHeaders: ({ count }) => plural(count, { one: '# header of its own', other: '# headers of its own' }),
    },
    webhookTabs: { deliveries: 'Deliveries', dead: 'Dead letters', test: 'Try it out', receiver: 'Receiver' },
    webhookReplay: {
      replayed: ({ count }) => plural(count, { one: '# event goes out once more.', other: '# events go out once more.' }),
      replayLeft: ({ count }) => plural(count, { one: '# more has no room yet.', other: '# more have no room yet.' }),
      replayKeptSince: ({ since }) => `Of what happened before ${since} some is no longer kept.`,
    },
    recorder: {
      categories: {
        pages: 'Pages',
        console: 'Console',
        failed: 'Failed',
        requests: 'Requests',
        leases: 'Leases',
        clients: 'Clients',
        people: 'People',
        login: 'Login',
        dialogs: 'Dialogs',
        downloads: 'Downloads',
        session: 'Session',
      },
      kinds: {
        request: 'Request',
        'request-failed': 'Request failed',
        'request-cancelled': 'Given up',
        console: 'Console',
        'page-error': 'Page error',
        navigated: 'Navigation',
        'page-opened': 'New page',
        'page-closed': 'Page closed',
        'page-crashed': 'Page crashed',
        'page-replaced': 'Page replaced',
        'popup-blocked': 'Popup',
        'address-refused': 'Refused',
        'lease-taken': 'Lease taken',
        'lease-ended': 'Lease ended',
        'took-over': 'Taken over',
        'given-back': 'Given back',
        'sign-in': 'Sign-in',
        'login-failed': 'Login failed',
        refreshed: 'Login checked',
        'signed-out': 'Signed out',
        'signed-in-again': 'Login renewed',
        'kept-login-refused': 'Login refused',
        woke: 'Woke',
        'dialog-shown': 'Dialog',
        'dialog-answered': 'Answered',
        'dialog-dismissed': 'Dialog',
        'download-begun': 'Download',
        'download-ended': 'Download',
        'download-blocked': 'Download',
        'session-opened': 'Opened',
        'session-ready': 'Ready',
        'session-closed': 'Closed',
        'session-crashed': 'Died',
        'not-responding': 'Silent',
        answered: 'Answers again',
        'end-explained': 'Why',
      },
      scopes: {
        all: 'Everything',
        peopleAndPage: 'User and page',
        page: 'The page',
        people: 'Users',
        wheelhouse: 'Wheelhouse',
      },
      facts: {
        status: 'Status',
        took: 'Took, ms',
        resource: 'Kind',
        mimeType: 'Type',
        transferred: 'Transferred',
        size: 'Size',
        fromCache: 'From cache',
        error: 'Error',
        where: 'Where',
        holder: 'Holder',
        how: 'How',
        host: 'Host',
      },
    },
    botTrouble: {
      loggedOut: {
        title: 'The phone removed this device',
        text: ({ at, number, queue }) =>
          `At ${at} it was taken off Linked devices on ${number} (401). It does not try again by itself.${goesOut(queue, 'after pairing')}`,
      },
      replaced: {
        title: 'Another program uses this link',
        text: ({ at, queue }) =>
          `Since ${at} the same link is open somewhere else (440), perhaps from a backup on another machine. ` +
          `Two holders would spoil each other's keys, so this one stays away.${goesOut(queue, 'when it is taken back')}`,
      },
      blocked: {
        title: 'WhatsApp refused the account',
        text: ({ at, reason }) =>
          `At ${at} it was not let in. ${sentence(reason)} ` +
          'Look on the phone what WhatsApp says about the account; the link is kept and nothing is tried by itself.',
      },
      passkey: {
        title: 'This account asks for a passkey',
        text:
          'WhatsApp wants the owner of the account to confirm a new device with a passkey, which a linked program cannot do for you. ' +
          'Nothing was linked, nothing was changed.',
        steps: [
          'On the phone open Settings, Account, Passkeys',
          'Remove the passkey, or turn off its use for linking',
          'Ask for a new code here; the passkey can be set again afterwards',
          'Or let a browser on this machine ask for it: Settings, Bots. That is experimental',
        ],
      },
      codeExpired: {
        title: 'The code has expired',
        text: 'Nobody typed it or scanned the QR in time. A new one is good for another few minutes.',
      },
      noMoreCodes: {
        title: 'WhatsApp gives no more codes for now',
        text: 'Too many were asked for with this number (429). Wait an hour or more; asking again sooner makes the wait longer.',
      },
      restricted: {
        title: 'WhatsApp holds this account back',
        text: ({ reason }) =>
          `${sentence(reason)} What is for strangers waits in the queue and goes out afterwards; nothing is lost. Writing to fewer strangers ends it sooner.`,
      },
      versionRefused: {
        title: 'WhatsApp wants a newer version of its program',
        text: ({ reason }) =>
          `${sentence(reason)} The newest version is asked for at web.whatsapp.com; it may be newer than what this program was tried with.`,
      },
      failed: {
        title: ({ linked }) => (linked ? 'It does not run' : 'It was not linked'),
        text: ({ reason }) => sentence(reason === '' ? 'The reason is not known' : reason),
      },
      ways: {
        pairAgain: 'Pair again',
        restoreBackup: 'Restore backup',
        takeBack: 'Take back',
        newCode: 'New code',
        newestVersion: 'Try the newest version',
      },
    },
  },

  keys: {
    rights: {
      browsers: {
        title: apis.browsers.title,
        use: 'Open sessions, and watch, drive and close its own',
        manage: 'See and close everybody’s sessions',
        reach: ownSessions,
        can: { use: 'Open browser sessions and work in them', manage: 'See, drive and close every browser session' },
      },
      brokers: {
        title: apis.brokers.title,
        use: 'Create sessions, publish, look into and drop its own',
        limited: 'Publish, subscribe, look into and drop those chosen',
        manage: 'See, change and drop everybody’s sessions',
        reach: ownSessions,
        can: { use: 'Create broker sessions, publish and subscribe in them', manage: 'See, change and drop every broker session' },
      },
      bots: {
        title: apis.bots.title,
        use: 'Link bots, and send, read and set rules as its own',
        limited: 'Send and read messages, set rules as those chosen',
        manage: 'Send and read as every bot, change and remove them',
        reach: { use: 'Its own bots', manage: 'All bots' },
        can: { use: 'Link bots, send and read messages as its own', manage: 'Send and read messages as every bot' },
      },
      logins: {
        title: apis.logins.title,
        use: 'Create, check and end sessions by their tokens',
        manage: 'See all users, revoke everyone, change keys',
        reach: { use: 'Tokens it has', manage: 'All users' },
        can: {
          use: 'Create logins, and check and end those whose token it has',
          manage: 'See all logins, revoke anyone, change users and keys',
        },
      },
      relay: {
        title: apis.relay.title,
        use: 'Create sessions and call tools that are switched on',
        manage: 'Everybody’s sessions, tools, prices, accounts',
        reach: ownSessions,
        can: { use: 'Create relay sessions and call tools', manage: 'Change every relay session, tools, prices and accounts' },
      },
      activity: {
        title: 'Activity',
        use: 'Read what happened. Secrets are kept out',
        reach: 'All rooms',
        can: 'Read what happened in all rooms',
      },
    },
    presets: {
      send: { label: 'Send as one bot', says: 'Bots: use. You choose the bot next' },
      publish: { label: 'Publish and subscribe', says: 'Brokers: use. You choose the sessions next' },
      signIn: { label: 'Sign users in', says: 'Logins: use' },
      callTools: { label: 'Call tools', says: 'Relay: use' },
      readActivity: { label: 'Read activity', says: 'Activity: use, and Control: use for settings and addresses' },
      gateTablet: { label: 'Gate tablet', says: 'Brokers: use and Bots: use, each for what the key makes itself' },
    },
    olderRight: ({ room, verb, subject }) => `${room} ${verb}${subject === undefined ? '' : ` of ${subject}`}`,
    olderControl: 'Control: manage',
    canAnything: [
      'Run any program on this machine as you',
      'Send its data to any address',
      'Make more keys, and change every setting',
      'See, change and end everything in every room',
    ],
    canLimited: {
      bots: (names) => ['Send and read messages as ', ...setApart(names), ' and as no other bot'],
      brokers: (names) => ['Publish and subscribe in ', ...setApart(names), ', change and drop it, and no other session'],
    },
    canReadControl: 'Read settings, names of keys and addresses of servers',
    cannot: {
      seeForeign: ({ rooms }) => `see or change what others have made in ${rooms}`,
      makeOthers: ({ rooms }) => `make or list others in ${rooms}`,
      open: ({ rooms }) => `open ${rooms}`,
      control: 'start a program, add an address to call, make keys',
    },
  },

  desktop: {
    tray: {
      starting: 'Wheelhouse: starting',
      summary: ({ rooms, needYou: count }) => {
        const parts = [...rooms.map((room) => `${apis[room.room].title} ${number(room.count)}`), ...(count > 0 ? [needYou({ count })] : [])]
        return `Wheelhouse: ${parts.length > 0 ? parts.join(', ') : 'nothing runs'}`
      },
      open: 'Open Wheelhouse',
      quit: 'Quit',
      api: ({ api, state, exposed }) => `${apis[api].title} API: ${apiStates[state].toLowerCase()}${exposed ? ', open to all' : ''}`,
      start: ({ api }) => `Start the ${apis[api].title} API`,
      stop: ({ api }) => `Stop the ${apis[api].title} API`,
      copyAddress: 'Copy address',
      copyLanAddress: 'Copy LAN address',
    },
    menu: {
      settings: 'Settings',
      file: 'File',
      go: 'Go',
      view: 'View',
      openDataFolder: 'Open data folder',
      searchAndCommands: 'Search and commands',
      quit: 'Quit',
      overview: 'Overview',
      keys: 'API keys',
      activity: 'Activity',
      mac: { settings: 'Settings…', quit: 'Quit Wheelhouse' },
    },
    needYou,
    cannotStart: 'Wheelhouse could not start',
    hidden: {
      title: 'Wheelhouse keeps running',
      text: 'Open it again from the tray, or by starting it once more. Settings has a switch for what closing does.',
    },
    windowStopped: {
      title: 'The window stopped working',
      text: ({ reason }) =>
        `Its page ended twice within a minute (${reason}). The server keeps running: close the window and open it again.`,
    },
    windowMissing: {
      title: 'The window could not be loaded',
      text: ({ url }) =>
        `Its files are missing or cannot be read. The server runs at ${url}; installing Wheelhouse again brings the window back.`,
    },
    apiNotStarted: ({ api }) => `The ${api} API could not be started`,
    apiNotStopped: ({ api }) => `The ${api} API could not be stopped`,
    addressNotCopied: 'The address could not be copied',
  },
}
