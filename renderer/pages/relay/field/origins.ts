/** Origins as typed or pasted, one a line: what browsers leave out is left out. Throws for what is none. */
export function originsOf(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trim())
  return lines.filter((line) => line !== '').map(originOf)
}

function originOf(line: string): string {
  const origin = line.replace(/\/$/, '').toLowerCase()
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]+$/.test(origin)) return origin
  throw new Error(`${line} is no origin: write scheme, host and port, e.g. https://app.example.com`)
}
