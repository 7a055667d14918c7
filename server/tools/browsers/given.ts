/** Keys and presses that a page is given. */
import { abortable } from '../../async/abortable.ts'
import { isDoneWithin } from '../../async/deadline.ts'

/** Ms for a page to acknowledge one; a script that it begins may go on for longer, or for ever. */
const takenWithin = 5_000

/** Resolves when the page has taken it, or is busy with what it has begun. Throws what giving it throws. */
export async function given(giving: Promise<unknown>, signal: AbortSignal): Promise<void> {
  await abortable(isDoneWithin(takenWithin, giving), signal)
}
