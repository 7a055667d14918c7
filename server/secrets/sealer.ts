/** Sealing at rest: AES-256-GCM under the installation's key. */
export interface Sealer {
  /** `context` binds the sealed text to its place (e.g. `bots:auth:<id>`): opened elsewhere it is refused. */
  seal(plain: string | Uint8Array, context: string): Buffer
  /** Throws when the text was changed, sealed under another key or in another context. */
  open(sealed: Uint8Array, context: string): Buffer
}
