/** Saves a part of the settings; a refused value is told and the field goes back to what is in force. */
import { ref } from 'vue'
import type { SettingsPatch } from '../../../server/config/settings.ts'
import { useSettings } from '../../stores/settings.ts'
import { useReport } from '../../use/use-report.ts'

export function useSaveSetting() {
  const settings = useSettings()
  const report = useReport()
  /** Raised when a value was refused: keyed fields are drawn anew from the settings in force. */
  const redraw = ref(0)

  async function save(what: string, patch: SettingsPatch): Promise<boolean> {
    try {
      await settings.change(patch)
      return true
    } catch (error) {
      report.failed(`${what} was not changed`, error)
      redraw.value += 1
      return false
    }
  }
  return { save, redraw }
}
