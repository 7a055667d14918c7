/** Whether the command palette is open: the side bar's button, the shortcut and the desktop's menu all open it. */
import { reactive } from 'vue'

export const palette = reactive({ open: false })
