/** The subjects of the bench as its rows and races call them. */
import type { RaceSubject } from './races.ts'
import type { Peer } from './peers.ts'

const json = { 'content-type': 'application/json' }

export function oursAsSubject(url: string): RaceSubject {
  const post = (path: string, body: object, headers: Record<string, string> = {}) =>
    fetch(`${url}/api/v1/sessions${path}`, { method: 'POST', headers: { ...json, ...headers }, body: JSON.stringify(body) })
  return {
    name: 'ours',
    limit: 5,
    async create(near = false) {
      const reply = await post('', {
        user_id: 'racer',
        username: 'racer',
        role_name: 'clerk',
        ...(near ? { expires_at: new Date(Date.now() + 120_000).toISOString() } : {}),
      })
      return ((await reply.json()) as { token: string }).token
    },
    isGood: async (token) => ((await (await post('/validate', { token })).json()) as { is_valid: boolean }).is_valid,
    revoke: async (token) => void (await (await post('/logout', { token })).text()),
    revokeAll: async (token) =>
      void (await (
        await fetch(`${url}/api/v1/sessions/user/racer`, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } })
      ).text()),
    async refresh(token) {
      const reply = await post('/refresh', {}, { authorization: `Bearer ${token}` })
      return reply.status === 200 ? ((await reply.json()) as { token: string }).token : null
    },
  }
}

/** The one user of better-auth. */
export const racer = { email: 'racer@example.test', password: 'a long password' }

export async function betterAuthAsSubject({ url }: Peer): Promise<RaceSubject> {
  const post = (path: string, body: object, cookie?: string) =>
    fetch(`${url}/api/auth${path}`, {
      method: 'POST',
      headers: { ...json, origin: url, ...(cookie === undefined ? {} : { cookie }) },
      body: JSON.stringify(body),
    })
  const cookieOf = (reply: Response) => (reply.headers.get('set-cookie') ?? '').split(';', 1)[0] ?? ''
  await post('/sign-up/email', { ...racer, name: 'Racer' })
  return {
    name: 'better-auth',
    limit: null,
    // It extends sessions by itself and has no call that replaces a token.
    refresh: null,
    async create() {
      const reply = await post('/sign-in/email', racer)
      await reply.text()
      return cookieOf(reply)
    },
    isGood: async (cookie) => (await (await fetch(`${url}/api/auth/get-session`, { headers: { cookie } })).json()) !== null,
    revoke: async (cookie) => void (await (await post('/sign-out', {}, cookie)).text()),
    revokeAll: async (cookie) => void (await (await post('/revoke-sessions', {}, cookie)).text()),
  }
}
