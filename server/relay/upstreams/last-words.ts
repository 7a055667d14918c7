/** What a process that ended had to say for itself: of all that it wrote, the line that a person would look for. */

const telling =
  /\b(?:\w*error|\w*exception|fatal|panicked|cannot|could not|can't|failed|not found|no such|missing|denied|required|unknown)\b/i
/** Of a stack, of what runs the program, or none at all. */
const empty =
  /^\s*(?:at .*|File ".*|\^+|~*\^+~*|Node\.js v.*|npm (?:notice|silly|sill|verbose|verb|info|http|timing|error A complete log of this run).*)?$/
const longest = 160

export class LastWords {
  readonly #lines: string[] = []

  hear(line: string): void {
    if (empty.test(line)) return
    this.#lines.push(line)
    if (this.#lines.length > 20) this.#lines.shift()
  }

  /** The last line that names what is wrong, the last line where none does; empty when it said nothing. */
  get text(): string {
    const line = this.#lines.findLast((each) => telling.test(each)) ?? this.#lines.at(-1) ?? ''
    const words = line.trim().replace(/[.:\s]+$/, '')
    return words.length > longest ? `${words.slice(0, longest)}…` : words
  }
}
