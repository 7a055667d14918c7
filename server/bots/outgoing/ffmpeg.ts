/**
 * Sound and film, by the ffmpeg of this machine. It gets files that strangers made: it reads what is handed to it and nothing else, in the
 * formats that recordings have and none that name other files, and is ended when it takes too long or gives too much.
 */
import { spawn } from 'node:child_process'
import { accessSync, constants, mkdtempSync, statSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createSemaphore } from '../../async/semaphore.ts'
import { reasonOf } from '../../isolation.ts'
import { BotFault } from '../fault.ts'

export interface Ffmpeg {
  /** Whether there is one. */
  isThere(): boolean
  /** What it writes. Throws `ffmpeg-missing` and `conversion-failed`. */
  run(input: Buffer, output: readonly string[], signal: AbortSignal): Promise<Made>
}

export interface Made {
  bytes: Buffer
  /** What it said of the input; null where it did not say. */
  seconds: number | null
}

export interface FfmpegOptions {
  /** Of the executable, or null to look for it. */
  path(): string | null
  /** Ms that one run may take. */
  within?: number
}

const names = process.platform === 'win32' ? ['ffmpeg.exe'] : ['ffmpeg']
const usualFolders = ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin', '/snap/bin']
/** Demuxers of recordings; those of playlists would open other files and addresses. */
const formats = 'mov,mp4,matroska,webm,ogg,mp3,wav,w64,aac,flac,amr,aiff,caf,asf,avi,mpegts,3gp,image2,png_pipe,jpeg_pipe,gif'
const longest = 60_000
const mostBytes = 32 * 1_048_576
const mostWords = 16_384
/** It takes a core each. */
const atOnce = 2

export function createFfmpeg({ path, within = longest }: FfmpegOptions): Ffmpeg {
  const places = createSemaphore(() => atOnce)
  let found: string | null | undefined
  const executable = (): string | null => {
    const set = path()
    if (set !== null) return isExecutable(set) ? set : null
    // Looked for once: it does not come and go.
    found ??= inFolders()
    return found
  }

  return {
    isThere: () => executable() !== null,
    async run(input, output, signal) {
      const program = executable()
      if (program === null) {
        const words = path() === null ? 'There is no ffmpeg on this machine' : `There is no ffmpeg at ${path()}`
        throw new BotFault('ffmpeg-missing', `${words}, which this recording has to be converted by`)
      }
      const release = await places.acquire(signal)
      // It has to go back and forth in some formats, which a pipe cannot.
      const folder = mkdtempSync(join(tmpdir(), 'wheelhouse-'))
      try {
        const file = join(folder, 'input')
        await writeFile(file, input, { mode: 0o600 })
        const guard = ['-nostdin', '-hide_banner', '-protocol_whitelist', 'file', '-format_whitelist', formats]
        return await finished(program, [...guard, '-i', file, ...output, 'pipe:1'], AbortSignal.any([signal, AbortSignal.timeout(within)]))
      } catch (error) {
        if (signal.aborted || error instanceof BotFault) throw error
        throw new BotFault('conversion-failed', `It could not be converted: ${reasonOf(error)}`, {}, { cause: error })
      } finally {
        release()
        await rm(folder, { recursive: true, force: true })
      }
    },
  }
}

function finished(program: string, args: readonly string[], signal: AbortSignal): Promise<Made> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], signal, killSignal: 'SIGKILL', env: bareEnvironment() })
  const parts: Buffer[] = []
  let [size, words] = [0, '']
  child.stdout.on('data', (part: Buffer) => {
    size += part.length
    if (size > mostBytes) child.kill('SIGKILL')
    else parts.push(part)
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (words.length < mostWords) words += text
  })
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(signal.aborted ? new Error('ffmpeg took too long') : error))
    child.once('close', (code) => {
      if (size > mostBytes) reject(new Error('it became too large'))
      else if (code !== 0 || size === 0) reject(new Error(lastLine(words) ?? `ffmpeg ended with ${code ?? 'a signal'}`))
      else resolve({ bytes: Buffer.concat(parts), seconds: secondsIn(words) })
    })
  })
}

/** What it says at the end is why; where its files lie is nobody's business. */
function lastLine(words: string): string | null {
  const line = words
    .trim()
    .split('\n')
    .at(-1)
    ?.replace(/\/\S*\/input:? ?/g, '')
    .trim()
  return line === undefined || line === '' ? null : line.slice(0, 200)
}

function secondsIn(words: string): number | null {
  const [, hours, minutes, seconds] = /Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)/.exec(words) ?? []
  return hours === undefined ? null : Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)
}

function inFolders(): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...usualFolders].filter((folder) => folder !== '')
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isExecutable) ?? null
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

/** None of what this process was started with, but for what Windows starts no program without. */
function bareEnvironment(): NodeJS.ProcessEnv {
  const root = process.env['SystemRoot']
  return root === undefined ? {} : { SystemRoot: root }
}
