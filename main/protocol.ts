/** Serves the built window under `app://wheelhouse`, each page with its content security policy. */
import { readFile } from 'node:fs/promises'
import { extname, join, normalize, sep } from 'node:path'
import type { CustomScheme } from 'electron'
import { isOurPage, windowOrigin } from './security.ts'

export const windowScheme: CustomScheme = {
  scheme: 'app',
  privileges: { standard: true, secure: true, supportFetchAPI: true, corsEnabled: true, codeCache: true },
}

export interface WindowFiles {
  /** Folder of the built window. */
  root: string
  /** The policy sent with a page; awaited, because it names the control port, which the server may still be opening. */
  policy(): Promise<string>
}

const contentTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.woff2': 'font/woff2',
}

/** The handler of the scheme. There is one page, at the root: the window's router works behind the hash. */
export function serveWindow({ root, policy }: WindowFiles): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.method !== 'GET') return plain(405, 'Only GET is served here')
    if (!isOurPage(request.url, windowOrigin)) return plain(404, 'Not found')
    const path = safePath(new URL(request.url).pathname)
    if (path === undefined) return plain(400, 'Not a path')
    const file = path === '.' ? 'index.html' : path
    const contentType = contentTypes[extname(file)]
    if (contentType === undefined) return plain(404, 'Not found')
    let content: Uint8Array<ArrayBuffer>
    try {
      content = new Uint8Array(await readFile(join(root, file)))
    } catch (error) {
      if (isMissing(error)) return plain(404, 'Not found')
      throw error
    }
    const headers: Record<string, string> = {
      'content-type': contentType,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-cache',
    }
    if (file.endsWith('.html')) headers['content-security-policy'] = await policy()
    return new Response(content, { headers })
  }
}

/** The path below the root that a URL's path names; undefined for one that is malformed or would leave the root. */
function safePath(pathname: string): string | undefined {
  let decoded: string
  try {
    decoded = decodeURIComponent(pathname)
  } catch {
    return undefined
  }
  // A backslash or a drive is a separator to Windows though not to a URL.
  if (/[\0\\:]/.test(decoded) || decoded.split('/').includes('..')) return undefined
  const path = normalize(decoded.replace(/^\/+/, ''))
  return path.startsWith(sep) || path.startsWith('..') ? undefined : path
}

function isMissing(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ENOENT' || code === 'EISDIR' || code === 'ENOTDIR' || code === 'ENAMETOOLONG'
}

function plain(status: number, text: string): Response {
  return new Response(text, { status, headers: { 'content-type': 'text/plain; charset=utf-8' } })
}
