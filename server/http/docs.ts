/** `/openapi.json` and the browsable reference `/docs` of an API, with all its files served locally. */
import { createReadStream, existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Context } from 'koa'
import type { Contract } from './contract.ts'
import type { Exposure } from './guards.ts'
import { openApiOf } from './openapi.ts'
import { Refusal } from './problem.ts'

const viewerFiles: Readonly<Record<string, string>> = { 'swagger-ui.css': 'text/css', 'swagger-ui-bundle.js': 'text/javascript' }

interface Page {
  path: string
  respond(ctx: Context, params: Readonly<Record<string, string>>): void
}

/** The document and the viewer. Both say nothing that a caller could not find out, so they ask for no key. */
export function referencePages(contract: Contract, exposure: Exposure): Page[] {
  let document: string | undefined
  return [
    {
      path: '/openapi.json',
      respond(ctx) {
        document ??= JSON.stringify(openApiOf(contract, exposure.prefix))
        ctx.type = 'application/json'
        ctx.body = document
      },
    },
    {
      path: '/docs',
      respond(ctx) {
        secure(ctx)
        ctx.type = 'text/html'
        ctx.body = page(contract.title, exposure.prefix)
      },
    },
    {
      path: '/docs/start.js',
      respond(ctx) {
        ctx.type = 'text/javascript'
        ctx.body = startScript(exposure.prefix)
      },
    },
    {
      path: '/docs/:file',
      respond(ctx, { file = '' }) {
        const type = viewerFiles[file]
        const folder = viewerFolder()
        if (type === undefined || folder === null) throw new Refusal('not-found')
        ctx.type = type
        ctx.set('cache-control', 'max-age=86400')
        ctx.body = createReadStream(join(folder, file))
      },
    },
  ]
}

/** The viewer sets style attributes and shows inlined SVGs; scripts come from here only. */
function secure(ctx: Pick<Context, 'set'>): void {
  ctx.set(
    'content-security-policy',
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'",
  )
}

function page(title: string, prefix: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}: API reference</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${prefix}/docs/swagger-ui.css">
</head>
<body>
<main id="reference"></main>
<script src="${prefix}/docs/swagger-ui-bundle.js"></script>
<script src="${prefix}/docs/start.js"></script>
</body>
</html>
`
}

function startScript(prefix: string): string {
  return `SwaggerUIBundle({ url: ${JSON.stringify(`${prefix}/openapi.json`)}, dom_id: '#reference', deepLinking: true, displayRequestDuration: true, validatorUrl: null })\n`
}

let foundFolder: string | null | undefined

/** Beside the built server, else in the package while running from source; null when neither is there. */
function viewerFolder(): string | null {
  foundFolder ??=
    [join(import.meta.dirname, '..', 'docs-viewer'), join(import.meta.dirname, '..', '..', 'docs-viewer'), packageFolder()].find(
      (folder) => folder !== null && existsSync(join(folder, 'swagger-ui-bundle.js')),
    ) ?? null
  return foundFolder
}

function packageFolder(): string | null {
  try {
    return dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  } catch {
    return null
  }
}
