/**
 * No library writes to our streams. Some print what they hold in their hands, private keys included, wherever `console` leads to; stdout
 * belongs to the ready line and stderr to the log. What they want to say goes into the log instead: words only, no object, and nothing in
 * it that could be a key.
 */
import type { Log } from './log.ts'

type Write = NodeJS.WriteStream['write']

/** The streams' own `write`, while they are kept. */
const own = new WeakMap<NodeJS.WriteStream, Write>()

const levels = {
  error: 'warn',
  assert: 'warn',
  warn: 'info',
  trace: 'debug',
  log: 'debug',
  info: 'debug',
  debug: 'debug',
  dir: 'debug',
  dirxml: 'debug',
  table: 'debug',
} as const

/** Takes `console` and both streams of the process. Returns what gives them back. */
export function keepLibraryOutput(log: Log): () => void {
  const { stdout, stderr } = process
  const before = Object.fromEntries(Object.keys(levels).map((name) => [name, Reflect.get(console, name)]))
  for (const [name, level] of Object.entries(levels)) {
    Reflect.set(console, name, (...said: unknown[]) => log[level]({ console: name }, wordsOf(said)))
  }
  for (const [name, stream] of [
    ['stdout', stdout],
    ['stderr', stderr],
  ] as const) {
    own.set(stream, stream.write.bind(stream))
    stream.write = (chunk: unknown, ...more: unknown[]) => {
      log.info({ stream: name }, wordsOf([typeof chunk === 'string' ? chunk : '']))
      const done = more.find((each) => typeof each === 'function')
      if (typeof done === 'function') process.nextTick(() => Reflect.apply(done, undefined, []))
      return true
    }
  }
  return () => {
    Object.assign(console, before)
    for (const stream of [stdout, stderr]) {
      const write = own.get(stream)
      if (write !== undefined) stream.write = write
      own.delete(stream)
    }
  }
}

/** For what we have to say ourselves. */
export function say(stream: NodeJS.WriteStream, text: string): void {
  const write = own.get(stream)
  if (write === undefined) stream.write(text)
  else write(text)
}

const longestWords = 200

/** The words of a call of `console`; of what is no words, what it is. */
export function wordsOf(said: readonly unknown[]): string {
  const words = said.map((each) => {
    if (typeof each === 'string') return each
    if (each instanceof Error) return each.message || each.name
    if (typeof each !== 'object' || each === null) return String(each)
    return `[${each.constructor?.name ?? 'object'}]`
  })
  const [line = ''] = words.join(' ').trimStart().split('\n')
  return withoutKeys(line).slice(0, longestWords)
}

/** Keys as they are printed: hexadecimal, base64, bytes one by one; user and password in an address. */
function withoutKeys(text: string): string {
  return text
    .slice(0, 10 * longestWords)
    .replace(/\b([a-z][a-z\d+.-]{0,20}:\/\/)[^\s/?#@]{1,500}@/gi, '$1')
    .replace(/(?:\b[\da-f]{2}\b[\s,]+){4,}[\da-f]{0,2}/gi, '[removed]')
    .replace(/(?:\b\d{1,3}\b,\s?){8,}\d{0,3}/g, '[removed]')
    .replace(/[\w+/-]{20,}={0,2}/g, (run) => (/\d/.test(run) ? '[removed]' : run))
}
