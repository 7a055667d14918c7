/** Calls that ring at an account. Nobody talks here: they are told, and can be refused. */

export interface CallHappening {
  type: 'call'
  id: string
  /** Of the caller, or of the group that is called. */
  chat: string
  /** Who calls. */
  person: string
  video: boolean
  /** The group that is called; null for a call to this account alone. */
  group: string | null
  /** `over`: the caller hung up, or it was ended after somebody took it. */
  state: 'offered' | 'accepted' | 'rejected' | 'missed' | 'over'
  at: number
  /** It rang while nobody was connected here. */
  isOld: boolean
}

export interface CallCalls {
  /** The caller hears the call being refused; it stops ringing on all devices. */
  reject(id: string, person: string): Promise<void>
}
