/** What only the desktop app can do. In a browser `desktop` is null and the window hides what needs it. */
import type { Bridge } from '../../preload/schema.ts'

export const desktop: Bridge | null = window.wheelhouse ?? null
export const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent)

/** Puts text on the clipboard; a page served over plain HTTP to the LAN has no clipboard of its own. */
export async function copyText(text: string): Promise<void> {
  if (desktop !== null) return desktop.copyText(text)
  if (navigator.clipboard !== undefined) return navigator.clipboard.writeText(text)
  const field = document.createElement('textarea')
  field.value = text
  field.style.position = 'fixed'
  field.style.opacity = '0'
  document.body.append(field)
  field.select()
  const copied = document.execCommand('copy')
  field.remove()
  if (!copied) throw new Error('This browser does not let the page use the clipboard')
}
