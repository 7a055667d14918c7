/**
 * What is shown of how a server is run. Arguments carry tokens in many ways, and nobody can tell a token from a word by its looks: shown is
 * what a secret never is, the program and the names of options. The rest is kept back until somebody who may change the server asks for it.
 */
import { isPlainPart, keptBack } from '../../http/shown-address.ts'
import type { UpstreamDefinition } from './definition.ts'

type Run = Pick<UpstreamDefinition, 'command' | 'args'>

/** Commands that run what their first argument names. */
const launcher = /^(?:node|npx|npm|pnpm|yarn|bun|bunx|deno|tsx|python[\d.]*|uv|uvx|pipx|docker|podman)(?:\.exe|\.cmd)?$/i
/** What they take before that name. None has a value, so what follows is not one. */
const launching = new Set([
  '-y',
  '--yes',
  '-q',
  '--quiet',
  '-i',
  '-t',
  '-it',
  '--rm',
  '--init',
  '-u',
  '-m',
  '-S',
  '--bun',
  '--experimental-strip-types',
  'run',
  'exec',
  'dlx',
  'tool',
  'x',
  'container',
])
/** A path, or a package or image with its version; no address, and no user with a password. */
const programName = /^(?=[^]{1,240}$)(?!.*:\/\/)(?!.*:[^\\/]*@)[\w./\\:@~+^ -]+$/
const optionName = /^(?:-[A-Za-z]|--[a-z][a-z-]{1,30})$/
const optionWithValue = /^(--[a-z][a-z-]{1,30})=/
export function shownArgs({ command, args }: Run): string[] {
  const named = launcher.test(command?.split(/[\\/]/).at(-1) ?? '') ? args.findIndex((arg) => !launching.has(arg)) : -1
  return args.map((arg, index) => {
    if (index < named || (index === named && isProgram(arg)) || optionName.test(arg)) return arg
    const option = optionWithValue.exec(arg)?.[1]
    return option === undefined ? keptBack : `${option}=${keptBack}`
  })
}

/** Takes what is kept back of a server out of texts that others write: its log, its errors. */
export function redactor({
  command,
  args,
  url,
  env,
  headers,
}: Run & Pick<UpstreamDefinition, 'url' | 'env' | 'headers'>): (text: string) => string {
  const shown = shownArgs({ command, args })
  const hidden = [
    ...Object.values(env),
    ...Object.values(headers).flatMap((value) => [value, ...value.split(/\s+/)]),
    ...args.flatMap((arg, index) => (shown[index] === arg ? [] : [arg, arg.replace(optionWithValue, '')])),
    ...[url, ...args].flatMap(hiddenOfUrl),
  ]
  // A short one would strike out parts of ordinary words. Longest first, since one may be a part of another.
  const secrets = [...new Set(hidden)].filter((each) => each.length >= 6 && !isOrdinary(each)).toSorted((a, b) => b.length - a.length)
  return (text) => secrets.reduce((rest, secret) => rest.replaceAll(secret, keptBack), text)
}

function hiddenOfUrl(url: string | null): string[] {
  if (url === null || !URL.canParse(url)) return []
  const { username, password, pathname, searchParams, search } = new URL(url)
  const values = search
    .slice(1)
    .split('&')
    .map((pair) => pair.slice(pair.indexOf('=') + 1))
  return [username, password, ...pathname.split('/').filter((part) => !isPlainPart(part)), ...values, ...searchParams.values()].flatMap(
    (part) => [part, decoded(part)],
  )
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

function isProgram(arg: string): boolean {
  return programName.test(arg) && !arg.split(/[\\/@:]/).some(looksRandom)
}

/** Long without a break, or letters and digits mixed as no name has them. */
function looksRandom(part: string): boolean {
  return part.split(/[-_.]/).some((run) => run.length >= 32 || (run.length >= 12 && (run.match(/\d+/g) ?? []).length >= 3))
}

/** Values that many servers are given, that occur in any log and keep no secret: words of the trade, and paths. */
function isOrdinary(value: string): boolean {
  return (
    /^(?:bearer|production|development|verbose|warning|localhost|127\.0\.0\.1|(?:\/[\w.-]{1,31}){2,})$/i.test(value) &&
    !value.split('/').some(looksRandom)
  )
}
