/**
 * Polls and their votes as WhatsApp carries them: a vote is sealed for whoever has the secret of the poll, under the names that its voter
 * and its asker have in that chat, by number or by hidden id. Options are named by their hash.
 */
import { createDecipheriv, createHash, createHmac } from 'node:crypto'

/** What opens the votes of a poll. */
export interface PollKey {
  /** Base64. */
  secret: string
  /** The ids of who has asked, each that is known. */
  creators: string[]
}

export interface SealedVote {
  /** The message that the poll is. */
  poll: string
  /** Base64. */
  payload: string
  iv: string
  /** The ids of who votes, each that is known. */
  voters: string[]
}

const tagBytes = 16

export function optionHash(option: string): string {
  return createHash('sha256').update(option).digest('hex')
}

/** The hashes of what was chosen, none when a vote was taken back; null for what this poll's secret does not open. */
export function openVote({ poll, payload, iv, voters }: SealedVote, { secret, creators }: PollKey): string[] | null {
  for (const creator of creators) {
    for (const voter of voters) {
      const plain = unseal(Buffer.from(payload, 'base64'), {
        key: voteKey(Buffer.from(secret, 'base64'), poll, creator, voter),
        iv: Buffer.from(iv, 'base64'),
        about: Buffer.from(`${poll}\0${voter}`),
      })
      if (plain !== null) return hashesIn(plain)
    }
  }
  return null
}

function voteKey(secret: Buffer, poll: string, creator: string, voter: string): Buffer {
  const base = createHmac('sha256', Buffer.alloc(32)).update(secret).digest()
  return createHmac('sha256', base)
    .update(poll)
    .update(creator)
    .update(voter)
    .update('Poll Vote')
    .update(Buffer.from([1]))
    .digest()
}

function unseal(sealed: Buffer, { key, iv, about }: { key: Buffer; iv: Buffer; about: Buffer }): Buffer | null {
  if (sealed.length < tagBytes || iv.length === 0) return null
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, iv).setAAD(about).setAuthTag(sealed.subarray(-tagBytes))
    return Buffer.concat([decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()])
  } catch {
    return null
  }
}

/** Field 1 of a protobuf message, each entry 32 bytes: more is not in a vote. */
function hashesIn(plain: Buffer): string[] {
  const hashes: string[] = []
  for (let at = 0; at + 34 <= plain.length && plain[at] === 0x0a && plain[at + 1] === 32; at += 34)
    hashes.push(plain.subarray(at + 2, at + 34).toString('hex'))
  return hashes
}
