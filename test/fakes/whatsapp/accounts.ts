/** The accounts of the double: phones with a number, their linked devices, groups, and what waits for devices that are away. */
import { Curve, jidDecode, type BinaryNode, type KeyPair } from 'baileys'
import type { Connection } from './connection.ts'
import type { Passkey } from './passkeys.ts'

export interface PreKey {
  id: Uint8Array
  value: Uint8Array
}

export interface Device {
  account: Account
  id: number
  noiseKey: Buffer
  identity: Uint8Array
  registration: Uint8Array
  signedPreKey: BinaryNode | null
  preKeys: PreKey[]
  /** Stanzas this device has not acknowledged, oldest first; delivered again at its next login. */
  waiting: BinaryNode[]
  connection: Connection | null
}

export interface Account {
  number: string
  /** The hidden id that stands beside the number. */
  lid: string
  name: string
  identity: KeyPair
  devices: Map<number, Device>
  lastDevice: number
  /** What the account's person holds; null when they have none. */
  passkey: Passkey | null
}

export interface Group {
  id: string
  subject: string
  owner: string
  members: string[]
  /** Beside the owner. */
  admins?: string[]
  description?: string
  /** Only admins write, only admins change it. */
  announces?: boolean
  isLocked?: boolean
  /** Who comes by the link waits for an admin. */
  approves?: boolean
  requests?: string[]
  /** Only admins add people when false. */
  membersAdd?: boolean
  /** Seconds after which messages vanish. */
  disappearAfter?: number
  /** The community it belongs to; or what it is of one. */
  community?: string
  part?: 'parent' | 'default_sub_group'
  picture?: Uint8Array
  invite?: string
  /** Members are named by their hidden ids, with the number beside (`with-number`) or alone; by number when left out. */
  hides?: 'with-number' | 'alone'
}

export interface Accounts {
  /** The account of a number, made when it is new. */
  of(number: string): Account
  /** By `number@s.whatsapp.net` or `lid@lid`, with or without a device. */
  byJid(jid: string): Account | undefined
  deviceByJid(jid: string): Device | undefined
  group(id: string): Group | undefined
  groups(): Group[]
  addGroup(group: Group): void
  /** How whoever writes is named: by number with the hidden id beside, by the hidden id with the number beside, or by that alone. */
  senders: 'number' | 'hidden-with-number' | 'hidden-alone'
  /** Numbers that have no account; all others have one. */
  strangers: Set<string>
  all(): Account[]
}

export function createAccounts(): Accounts {
  const byNumber = new Map<string, Account>()
  const byLid = new Map<string, Account>()
  const groups = new Map<string, Group>()
  const accounts: Accounts = {
    senders: 'number',
    strangers: new Set(),
    all: () => [...byNumber.values()],
    of(number) {
      const known = byNumber.get(number)
      if (known !== undefined) return known
      // Another length than a number, so that one is never taken for the other.
      const lid = `9${number.padStart(15, '0')}`
      const account: Account = {
        number,
        lid,
        name: '',
        identity: Curve.generateKeyPair(),
        devices: new Map(),
        lastDevice: 0,
        passkey: null,
      }
      byNumber.set(number, account)
      byLid.set(lid, account)
      return account
    },
    byJid(jid) {
      const decoded = jidDecode(jid)
      if (decoded === undefined) return undefined
      if (decoded.server === 'lid') return byLid.get(decoded.user)
      return byNumber.get(decoded.user)
    },
    deviceByJid: (jid) => accounts.byJid(jid)?.devices.get(jidDecode(jid)?.device ?? 0),
    group: (id) => groups.get(id),
    groups: () => [...groups.values()],
    addGroup: (group) => void groups.set(group.id, group),
  }
  return accounts
}

type Addressed = Pick<Device, 'account' | 'id'>

/** The phone itself is device 0, and is named without it. */
const suffix = ({ id }: Addressed): string => (id === 0 ? '' : `:${id}`)
export const jidOf = (device: Addressed): string => `${device.account.number}${suffix(device)}@s.whatsapp.net`
export const lidOf = (device: Addressed): string => `${device.account.lid}${suffix(device)}@lid`
