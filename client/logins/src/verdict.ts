/** What the gateway says of a token. */
export interface GatewaySession {
  session_id: string
  user_id: string
  username: string
  role_name: string
  permissions: readonly string[]
  expires_at: string
}

export type Verdict =
  { ok: true; session: GatewaySession; newToken: string | null } | { ok: false; status: 401 | 503; code: string; message: string }
