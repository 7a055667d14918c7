/** The names of what happens to a bot; what each says stands in `events.ts`. */

export const botEventTypes = [
  'message',
  'edited',
  'revoked',
  'pinned',
  'progress',
  'state',
  'rule',
  'presence',
  'call',
  'chat',
  'label',
  'history',
  'media',
  'merged',
  'restriction',
  'group',
  'vote',
  'channel',
  'status',
] as const

/** Those that come by the second, or about another: a webhook gets them only where it names them. */
export const quietTypes: ReadonlySet<(typeof botEventTypes)[number]> = new Set(['presence', 'media'])
