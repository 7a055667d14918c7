/** Ready-made requests: the same call for curl, Node and Python. */

export interface RequestExample {
  method: string
  url: string
  /** Sent as `X-API-Key`. */
  key?: string
  body?: Readonly<Record<string, unknown>>
}

export const snippetLanguages = ['curl', 'Node', 'Python'] as const
export type SnippetLanguage = (typeof snippetLanguages)[number]

export function snippet(language: SnippetLanguage, example: RequestExample): string {
  switch (language) {
    case 'curl':
      return curl(example)
    case 'Node':
      return node(example)
    case 'Python':
      return python(example)
  }
}

function curl({ method, url, key, body }: RequestExample): string {
  const parts = [`curl ${method === 'GET' ? '' : `-X ${method} `}${url}`]
  if (key !== undefined) parts.push(`-H "X-API-Key: ${key}"`)
  // A single quote inside single quotes ends the shell's string, so it is closed, escaped and opened again.
  if (body !== undefined) parts.push('-H "Content-Type: application/json"', `-d '${json(body).replaceAll("'", String.raw`'\''`)}'`)
  return parts.join(' \\\n  ')
}

function node({ method, url, key, body }: RequestExample): string {
  const headers = [
    ...(key === undefined ? [] : [`'X-API-Key': ${quote(key)}`]),
    ...(body === undefined ? [] : ["'Content-Type': 'application/json'"]),
  ]
  const options = [
    ...(method === 'GET' ? [] : [`  method: '${method}',`]),
    ...(headers.length === 0 ? [] : [`  headers: { ${headers.join(', ')} },`]),
    ...(body === undefined ? [] : [`  body: JSON.stringify(${indent(json(body))}),`]),
  ]
  const call = options.length === 0 ? `await fetch(${quote(url)})` : `await fetch(${quote(url)}, {\n${options.join('\n')}\n})`
  return `const response = ${call}\nconsole.log(await response.json())`
}

function python({ method, url, key, body }: RequestExample): string {
  const options = [
    ...(key === undefined ? [] : [`    headers={"X-API-Key": ${JSON.stringify(key)}},`]),
    ...(body === undefined ? [] : [`    json=${pythonValue(body)},`]),
  ]
  const call =
    options.length === 0
      ? `requests.${method.toLowerCase()}(${JSON.stringify(url)})`
      : `requests.${method.toLowerCase()}(\n    ${JSON.stringify(url)},\n${options.join('\n')}\n)`
  return `import requests\n\nresponse = ${call}\nprint(response.json())`
}

const json = (value: unknown): string => JSON.stringify(value, null, 2)
const indent = (text: string): string => text.replaceAll('\n', '\n  ')
const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

function pythonValue(value: Readonly<Record<string, unknown>>): string {
  return json(value)
    .replaceAll(
      /: (true|false|null)(,?)$/gm,
      (_, word: string, comma: string) => `: ${word === 'true' ? 'True' : word === 'false' ? 'False' : 'None'}${comma}`,
    )
    .replaceAll('\n', '\n    ')
}

export interface Piece {
  text: string
  kind: 'plain' | 'word' | 'string' | 'number' | 'field'
}

/** The classes of their colours. */
export const pieceColours = {
  plain: '',
  word: 'text-(--code-k)',
  string: 'text-(--code-s)',
  number: 'text-(--code-n)',
  field: 'text-(--code-f)',
} as const satisfies Record<Piece['kind'], string>

const pattern =
  /("(?:[^"\\]|\\.)*"(?=\s*:))|("(?:[^"\\]|\\.)*"|'(?:[^'\\\n]|\\.)*')|\b(curl|const|await|import|method|headers|json|body)\b|(\b\d[\d.]*\b)/g

/** Splits code into coloured pieces. Not a parser: it knows what these snippets contain. */
export function colourPieces(code: string): Piece[] {
  const pieces: Piece[] = []
  let end = 0
  for (const match of code.matchAll(pattern)) {
    if (match.index > end) pieces.push({ text: code.slice(end, match.index), kind: 'plain' })
    pieces.push({
      text: match[0],
      kind: match[1] !== undefined ? 'field' : match[2] !== undefined ? 'string' : match[3] !== undefined ? 'word' : 'number',
    })
    end = match.index + match[0].length
  }
  if (end < code.length) pieces.push({ text: code.slice(end), kind: 'plain' })
  return pieces
}
