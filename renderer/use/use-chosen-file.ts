/** The text of a file that a person chooses. Of several choices the latest counts, whichever is read first. */
import { computed, shallowRef } from 'vue'
import { useAction } from './use-action.ts'

export interface ChosenFile {
  name: string
  text: string
}

export function useChosenFile() {
  /** An action of its own for each choice: one that hangs does not keep the next from being read, nor tell of itself afterwards. */
  const latest = shallowRef(useAction())
  let field: HTMLInputElement | null = null

  /** Something else was chosen, e.g. typed: what is still being read does not count any more. */
  function forget(): void {
    latest.value = useAction()
    // The field names no file that is not used, and the same one can be chosen again.
    if (field !== null) field.value = ''
  }

  /** For the `change` of a field for files. Resolves to null without a file, when it cannot be read, and after another choice. */
  async function choose({ target }: Event): Promise<ChosenFile | null> {
    const file = target instanceof HTMLInputElement ? target.files?.[0] : undefined
    if (!(target instanceof HTMLInputElement) || file === undefined) return null
    const own = useAction()
    latest.value = own
    field = target
    let text = ''
    const isRead = await own.run(async () => {
      text = await textOf(file)
    })
    if (latest.value !== own) return null
    if (isRead) return { name: file.name, text }
    field.value = ''
    return null
  }

  return {
    reading: computed(() => latest.value.running.value),
    failure: computed(() => latest.value.failure.value),
    choose,
    forget,
  }
}

/** A browser's own words for what went wrong name no file. */
async function textOf(file: File): Promise<string> {
  try {
    return await file.text()
  } catch (error) {
    throw new Error(`${file.name} could not be read: it may have been moved, or this program may not open it`, { cause: error })
  }
}
