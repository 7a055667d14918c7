/** A site whose pages take the colour they are told, and say when they are drawn. */
import { createServer } from 'node:http'
import { eventually } from '../../../fixtures/eventually.ts'
import { listenOnLoopback, stopServer } from '../../../fixtures/loopback.ts'

export interface PaintedSite {
  address: string
  /** How many pages listen. */
  readonly pages: number
  paint(colour: string): void
  /** Resolves when so many pages have drawn themselves in that colour. */
  painted(colour: string, pages: number): Promise<unknown>
  stop(): Promise<void>
}

const page = `<!doctype html><title>Painted</title><body style="background:white"><script>
new EventSource('/told').onmessage = ({ data }) => {
  document.body.style.background = data
  requestAnimationFrame(() => requestAnimationFrame(() => fetch('/drawn?' + encodeURIComponent(data))))
}
</script>`

export async function startPaintedSite(): Promise<PaintedSite> {
  const told = new Set<(colour: string) => void>()
  const drawn: string[] = []
  const server = createServer((request, response) => {
    const { pathname, search } = new URL(request.url ?? '/', 'http://site')
    if (pathname === '/drawn') {
      drawn.push(decodeURIComponent(search.slice(1)))
      return void response.end()
    }
    if (pathname !== '/told') return void response.setHeader('content-type', 'text/html').end(page)
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    const tell = (colour: string): void => void response.write(`data: ${colour}\n\n`)
    told.add(tell)
    response.once('close', () => told.delete(tell))
  })
  return {
    address: await listenOnLoopback(server),
    get pages() {
      return told.size
    },
    paint(colour) {
      for (const tell of told) tell(colour)
    },
    painted: (colour, pages) => eventually(`${pages} pages are ${colour}`, () => drawn.filter((one) => one === colour).length >= pages),
    stop: () => stopServer(server),
  }
}
