/** Saves a part of the settings; a refused value is told and the field goes back to what is in force. */
import { ref } from 'vue'
import type { SettingsPatch } from '../../../server/config/settings.ts'
import { useSettings } from '../../stores/settings.ts'
import { useReportedAction } from '../../use/use-action.ts'

export function useSaveSetting() {
  const settings = useSettings()
  const { run } = useReportedAction()
  /** Raised when a value was refused: keyed fields are drawn anew from the settings in force. */
  const redraw = ref(0)

  async function save(what: string, patch: SettingsPatch): Promise<boolean> {
    const saved = await run(`${what} was not changed`, () => settings.change(patch))
    if (!saved) redraw.value += 1
    return saved
  }
  return { save, redraw }
}
