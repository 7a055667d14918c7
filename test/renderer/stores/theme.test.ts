/** The theme in the desktop app, which keeps it with its settings. */
import { createPinia, setActivePinia } from 'pinia'
import { expect, onTestFinished, test, vi } from 'vitest'

test('a theme that could not be kept is told, wherever it was chosen', async () => {
  vi.resetModules()
  vi.doMock('../../../renderer/desktop/desktop.ts', () => ({ desktop: { setTheme: () => Promise.reject(new Error('The disk is full')) } }))
  onTestFinished(() => {
    vi.doUnmock('../../../renderer/desktop/desktop.ts')
    vi.resetModules()
  })
  setActivePinia(createPinia())
  const { useTheme } = await import('../../../renderer/stores/theme.ts')
  const { useToast } = await import('@nuxt/ui/composables')
  useToast().clear()
  const theme = useTheme()
  await theme.choose('dark')
  expect(theme.choice).toBe('dark')
  expect(useToast().toasts.value).toMatchObject([{ title: 'The theme was not kept', description: 'The disk is full' }])
})
