/** The least a server can do: Node's own handler that reads a JSON body and answers the same JSON. Nothing is checked. */
import { createServer } from 'node:http'
import { tellCpu } from './cpu.ts'

const server = createServer((request, response) => {
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => parts.push(part))
  request.on('end', () => {
    const text = JSON.stringify(JSON.parse(Buffer.concat(parts).toString('utf8')))
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(text) }).end(text)
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  tellCpu(typeof address === 'object' && address !== null ? address.port : 0)
})
