/** Why WhatsApp did not take a person into a group, or out of it. */
const words: Readonly<Record<string, string>> = {
  'invite-only': 'They let nobody add them. Send them the link of the group',
  'no-account': 'This number has no WhatsApp account',
  'left-recently': 'They left a short while ago and cannot be added yet',
  'already-so': 'It is so already',
  'blocked-you': 'They have blocked this account',
  'group-full': 'The group is full',
  'not-allowed': 'This account is no admin of the group',
}

export const outcomeWords = ({ outcome, code }: { outcome: string; code: number }): string =>
  words[outcome] ?? `WhatsApp refused it (${code})`
