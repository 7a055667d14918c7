/** What a changed definition shows: the lines around each change, and what it comes to in words. */
import type { DefinitionChange } from '../../../../server/relay/contract/index.ts'

type Line = DefinitionChange['lines'][number]
const around = 3

/** Runs of lines that stayed are shortened to those beside a change. */
export function shownLines(lines: readonly Line[]): Line[] {
  if (lines.every(({ kind }) => kind === 'same')) return [...lines]
  const near = lines.map((_, index) => lines.slice(Math.max(0, index - around), index + around + 1).some(({ kind }) => kind !== 'same'))
  return lines.flatMap((line, index): Line[] => {
    if (near[index] === true) return [line]
    return index > 0 && near[index - 1] === true && near.includes(true, index) ? [{ kind: 'same', text: '  …' }] : []
  })
}

export function changeSummary({ known, onlyTexts, lines }: Pick<DefinitionChange, 'known' | 'onlyTexts' | 'lines'>): string {
  if (!known) return 'What was agreed to before is not known any more'
  const count = (kind: Line['kind']) => lines.filter((line) => line.kind === kind).length
  const [added, removed] = [count('added'), count('removed')]
  const words = [added > 0 ? `${added} new ${added === 1 ? 'line' : 'lines'}` : null, removed > 0 ? `${removed} gone` : null]
  return `${words.filter((each) => each !== null).join(', ')}; ${onlyTexts ? 'nothing but its texts' : 'not only its texts'}`
}
