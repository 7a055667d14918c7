/** The window's start: find the server, then show the app. */
import ui from '@nuxt/ui/vue-plugin'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import { z } from 'zod'
import { provideApi } from './api/api.ts'
import { useConnection } from './api/connection.ts'
import { createHttpTransport, type ServerAddress } from './api/transport.ts'
import App from './app.vue'
import { desktop } from './desktop/desktop.ts'
import { createAppRouter } from './router.ts'
import { takeSignInCode } from './sign-in-code.ts'
import './styles/main.css'

// The page's policy forbids compiling code from text, which zod would otherwise try for speed.
z.config({ jitless: true })

const code = takeSignInCode()
const server: ServerAddress = { base: location.origin, token: null }

provideApi(createHttpTransport({ server }))
const app = createApp(App).use(createPinia()).use(createAppRouter()).use(ui)
app.mount('#app')
void connect()

async function connect(): Promise<void> {
  const connection = useConnection()
  if (code !== null) await connection.signIn({ code }).catch((error: unknown) => connection.refuse(error))
  else await connection.start({ locate })
}

/** In the desktop app the main process knows where the server is and whose token opens it; a browser came from there. */
async function locate(): Promise<void> {
  if (desktop === null) return
  const { url, token } = await desktop.getConnection()
  server.base = url
  server.token = token
}
