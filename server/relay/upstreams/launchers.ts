/** Programs that fetch a server before they run it, what each says of that on stderr, and what makes it say so. */
import type { StartPhase } from '../contract/start-progress.ts'

/** What one line of a launcher says. */
export interface Said {
  phase?: StartPhase
  /** Names something that has to be fetched, or that has been. */
  wants?: string | undefined
  has?: string | undefined
  /** Of use to a person who reads the log. */
  worth: boolean
}

interface Launcher {
  unit: 'package' | 'layer' | null
  /** Undefined for a line that is not the launcher's own. */
  read(line: string): Said | undefined
  /** Without a terminal it is silent unless it is told not to be. */
  env?: Readonly<Record<string, string>>
}

const npm: Launcher = {
  unit: 'package',
  // Only its most talkative level names the packages that are missing. What is of no use to a person stays out of the log.
  env: { npm_config_loglevel: 'silly' },
  read(line) {
    const [, level, rest = ''] = /^npm (\w+) (.*)$/.exec(line) ?? []
    if (level === undefined) return undefined
    const missing = /^tarball no local data for (?:.*@)?(https?:\S+?)\.? Extracting/.exec(rest)?.[1]
    if (missing !== undefined) return { phase: 'downloading', wants: missing, worth: false }
    const fetched = /^fetch GET 200 (\S+)/.exec(rest)?.[1]
    if (level === 'http' && fetched !== undefined)
      return fetched.endsWith('.tgz') ? { phase: 'downloading', has: fetched, worth: true } : { worth: true }
    // It looks at the registry also when it has all that it needs; only one that lacks something goes on to this.
    if (/^(?:fetch manifest|idealTree)\b/.test(rest)) return { phase: 'finding', worth: false }
    return { worth: !/^(?:silly|sill|verbose|verb|info|http|timing)$/.test(level) }
  },
}

const uv: Launcher = {
  unit: null,
  read(line) {
    if (/^\s*(?:Resolved|Resolving) /.test(line)) return { phase: 'finding', worth: true }
    if (/^\s*(?:Downloading|Downloaded|Building|Built|Preparing|Prepared|Updating|Updated) /.test(line))
      return { phase: 'downloading', worth: true }
    return /^\s*(?:Installed|Uninstalled|Audited) \d/.test(line) ? { phase: 'starting', worth: true } : undefined
  },
}

const docker: Launcher = {
  unit: 'layer',
  read(line) {
    if (/^Unable to find image /.test(line)) return { phase: 'finding', worth: true }
    if (/^\S+: Pulling from /.test(line)) return { phase: 'downloading', worth: true }
    const [, layer, state = ''] = /^([0-9a-f]{12}): (.+)$/.exec(line) ?? []
    if (layer !== undefined)
      return {
        phase: 'downloading',
        wants: layer,
        ...(/^(?:Pull complete|Already exists)$/.test(state) ? { has: layer } : {}),
        worth: true,
      }
    return /^(?:Digest|Status): /.test(line) ? { phase: 'starting', worth: true } : undefined
  },
}

const launchers: Readonly<Record<string, Launcher>> = { npx: npm, npm, uvx: uv, uv, docker, podman: docker }

/** By the name of a command; undefined for one that runs what is there. */
export function launcherOf(command: string | null): Launcher | undefined {
  return launchers[programOf(command)]
}

/** `npx` of `/usr/bin/npx`, and of `npx.cmd`. */
export function programOf(command: string | null): string {
  return (command?.split(/[\\/]/).at(-1) ?? '').replace(/\.(?:cmd|exe|bat|ps1)$/i, '')
}
