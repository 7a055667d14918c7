/** What the parts of a group's panel are given. */
export interface GroupParams {
  userId: string
  groupId: string
}

/** Does something and reads the group again; `failed` is the notice's title. Resolves to whether it was done. */
export type Act = (failed: string, work: () => Promise<unknown>) => Promise<boolean>
