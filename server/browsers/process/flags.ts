/** The command line of a session's Chromium. Each flag stands with its reason. */

/** Chromium takes only the last `--disable-features`, so all of ours go into one. */
const disabledFeatures = [
  'Translate', // a bar over the page
  'OptimizationHints', // asks Google about each page
  'MediaRouter', // multicast on the LAN
  'DialMediaRouteProvider', // the same
  'InterestFeedContentSuggestions', // fetches news
  'CertificateTransparencyComponentUpdater', // fetches lists
  'AutofillServerCommunication', // sends form shapes to Google
  'BackForwardCache', // a page that comes back from it does not load, and Playwright waits for that in vain
  'PasswordLeakDetection', // sends password hashes to Google, and a dialog over the page
  // Parts of the window that Chromium draws as pages: a renderer more, a fifth of the processor time of a start, for what nobody sees.
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
  'WebUIReloadButton',
  // Puppeteer starts its own Chromium without these three and does not follow what they do; the first page comes sooner, too.
  'RenderDocument', // a new frame for a navigation within a site
  'ProcessPerSiteUpToMainFrameSharedProcess', // tabs of a site share a process, and what one of them hangs in
  'AcceptCHFrame', // a navigation begun anew when the server asks for hints
]

export interface FlagOptions {
  profileDir: string
  headless: boolean
  /** False only for root on Linux, where Chromium refuses to start with its sandbox. */
  sandbox: boolean
  /** True where /dev/shm is too small for Chromium, as in a container. */
  smallSharedMemory: boolean
  /** The port of its egress proxy on loopback; null for one that goes nowhere. */
  proxyPort: number | null
  /** Extensions will be added over the pipe. */
  extensions?: boolean
  /** Of the session's own choice. */
  args?: readonly string[]
}

export function chromiumFlags({
  profileDir,
  headless,
  sandbox,
  smallSharedMemory,
  proxyPort,
  extensions = false,
  args = [],
}: FlagOptions): string[] {
  return [
    // The pipe and never a port: the browser dies with us, and nobody else on the machine can drive it.
    '--remote-debugging-pipe',
    `--user-data-dir=${profileDir}`,
    ...(headless ? ['--headless=new', '--hide-scrollbars', '--mute-audio'] : []),
    ...(sandbox ? [] : ['--no-sandbox']),
    ...(smallSharedMemory ? ['--disable-dev-shm-usage'] : []),
    ...(proxyPort === null ? [] : throughProxy(proxyPort)),
    '--window-size=1280,800',
    // No first-run page, no questions.
    '--no-first-run',
    '--no-default-browser-check',
    '--disable-search-engine-choice-screen',
    '--disable-prompt-on-repost',
    // Talks to the visited site and to nobody else: no updates, sync, reports or pings.
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--disable-default-apps',
    '--disable-domain-reliability',
    '--disable-client-side-phishing-detection',
    '--disable-field-trial-config',
    '--metrics-recording-only',
    '--no-pings',
    '--no-service-autorun',
    // A crash handler would outlive the browser, and its dumps would fill the disk.
    '--disable-breakpad',
    '--disable-crash-reporter',
    // Faster start, less memory, and no foreign code beside the page.
    extensions ? '--enable-unsafe-extension-debugging' : '--disable-extensions',
    '--disable-component-extensions-with-background-pages',
    // Never asks the desktop's key ring, which would block on a dialog.
    '--password-store=basic',
    '--use-mock-keychain',
    // A session works while nobody looks at it.
    '--disable-background-timer-throttling',
    '--disable-backgrounding-occluded-windows',
    '--disable-renderer-backgrounding',
    // Its dialog cannot be answered here; silence is detected by our own ping.
    '--disable-hang-monitor',
    `--disable-features=${disabledFeatures.join(',')}`,
    ...args,
    'about:blank',
  ]
}

/** Every connection goes through our proxy, which judges where to. */
function throughProxy(port: number): string[] {
  return [
    `--proxy-server=socks5://127.0.0.1:${port}`,
    // Chromium reaches this machine and its links directly unless it is told not to.
    '--proxy-bypass-list=<-loopback>',
    // Names are looked up by the proxy alone: nothing that forgot about it gets an address.
    '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
    // WebRTC sends to any address it is given; what cannot go through the proxy stays here.
    '--webrtc-ip-handling-policy=disable_non_proxied_udp',
    '--force-webrtc-ip-handling-policy=disable_non_proxied_udp',
  ]
}

/**
 * Preferences of a fresh profile. The list of blocked addresses refuses local files and the browser's own pages inside Chromium itself,
 * whoever navigates; permissions are denied without a question that nobody would see.
 */
export const profilePreferences = {
  policy: { url_blocklist: ['file://*', 'chrome://*', 'chrome-untrusted://*', 'devtools://*', 'view-source:*'] },
  credentials_enable_service: false,
  webrtc: { ip_handling_policy: 'disable_non_proxied_udp', multiple_routes_enabled: false, nonproxied_udp_enabled: false },
  profile: {
    password_manager_enabled: false,
    default_content_setting_values: {
      notifications: 2,
      geolocation: 2,
      media_stream_camera: 2,
      media_stream_mic: 2,
      midi_sysex: 2,
      window_placement: 2,
      local_fonts: 2,
    },
  },
} as const
