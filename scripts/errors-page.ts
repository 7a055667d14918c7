/** Writes `docs/errors.md` from the tables of faults: `node scripts/errors-page.ts`. A test fails while the page is older than they are. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { contracts } from '../server/contracts.ts'
import type { ApiName, FaultDefinition } from '../server/http/contract.ts'
import { kernelProblems } from '../server/http/problem.ts'

const root = join(import.meta.dirname, '..')

interface Faulty {
  api: ApiName
  title: string
  faults: Readonly<Record<string, FaultDefinition>>
}
/** The classes of faults of each room are named for it; control calls every room. */
const { control, ...rooms } = contracts
const apis: readonly { contract: Faulty; classes: RegExp }[] = [
  ...Object.values(rooms).map((contract) => ({ contract, classes: new RegExp(`^(${classOf(contract.api)}|Kernel)Fault$`) })),
  { contract: control, classes: /^(Control|Relay|Browser|Kernel)Fault$/ },
]

const beginning = `# What can go wrong

Each API answers a failure in its own published shape, with the status and words below. Codes name the failure inside Wheelhouse; an API whose
shape has a field for it sends the code too. An answer of 500 that no table lists is a fault of ours: its request id stands in the log.

Words are those of the contract, or examples of what is said; … stands for what differs from case to case.

## Every API

${tableOf(kernelProblems, [])}`

/** The whole page. */
export function errorsPage(): string {
  const said = wordsSaid()
  const sections = apis.map(({ contract: { title, faults }, classes }) => {
    return `\n## ${title}\n\n${tableOf(
      faults,
      said.filter(({ by }) => classes.test(by)),
    )}`
  })
  return `${beginning}${sections.join('')}`
}

/** `brokers` throws `BrokerFault`. */
function classOf(api: ApiName): string {
  return `${api.charAt(0).toUpperCase()}${api.slice(1).replace(/s$/, '')}`
}

interface Saying {
  by: string
  code: string
  words: string
}

function tableOf(faults: Readonly<Record<string, FaultDefinition>>, said: readonly Saying[]): string {
  const ofKernel: Readonly<Record<string, { message: string }>> = kernelProblems
  const rows = Object.entries(faults).map(([code, { status, message, remedy }]) => {
    const words = message ?? ofKernel[code]?.message ?? examples(said.filter((each) => each.code === code))
    return `| \`${code}\` | ${status} | ${words.replaceAll('|', '\\|')} | ${remedy} |\n`
  })
  return `| code | status | words | what to do |\n| --- | --- | --- | --- |\n${rows.join('')}`
}

function examples(said: readonly Saying[]): string {
  const texts = [...new Set(said.map(({ words }) => words))].toSorted().slice(0, 2)
  return texts.length === 0 ? '…' : texts.join(' · ')
}

/** The words with which faults are made in the sources of the server. */
function wordsSaid(): Saying[] {
  const said: Saying[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node) && ts.isIdentifier(node.expression) && node.expression.text.endsWith('Fault')) {
      const [code, text] = node.arguments ?? []
      const words = text === undefined ? null : textOf(text)
      if (code !== undefined && ts.isStringLiteral(code) && words !== null) said.push({ by: node.expression.text, code: code.text, words })
    }
    ts.forEachChild(node, visit)
  }
  for (const name of readdirSync(join(root, 'server'), { recursive: true, encoding: 'utf8' }))
    if (name.endsWith('.ts')) visit(ts.createSourceFile(name, readFileSync(join(root, 'server', name), 'utf8'), ts.ScriptTarget.Latest))
  return said
}

/** Null for words that are made elsewhere. */
function textOf(node: ts.Expression): string | null {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text
  if (ts.isTemplateExpression(node)) return `${node.head.text}${node.templateSpans.map(({ literal }) => `…${literal.text}`).join('')}`
  return null
}

if (import.meta.main) writeFileSync(join(root, 'docs', 'errors.md'), errorsPage())
