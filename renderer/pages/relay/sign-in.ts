/** Opens the page on which a person signs in at a remote server. */
import { ApiError } from '../../api/api-error.ts'
import { desktop } from '../../desktop/desktop.ts'

/** Null when the page is open; the server's words when it wants a client that a person has registered there. */
export async function startSignIn(ask: () => Promise<{ url: string }>): Promise<string | null> {
  // Opened before the answer is there: a browser lets a page open another only while the click lasts.
  const page = desktop === null ? window.open('', '_blank') : null
  try {
    const { url } = await ask()
    if (desktop !== null) await desktop.openExternal(url)
    else if (page === null) throw new Error('The browser does not let this page open another. Allow pop-ups for it and try again.')
    else {
      // The page over there must have no hold on this one.
      page.opener = null
      page.location.replace(url)
    }
    return null
  } catch (error) {
    page?.close()
    if (error instanceof ApiError && error.status === 409) return error.message
    throw error
  }
}
