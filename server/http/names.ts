/** The APIs and rooms there are. No Node import: the renderer reads them too. */
export const roomNames = ['brokers', 'browsers', 'bots', 'logins', 'relay'] as const
export type RoomName = (typeof roomNames)[number]
export const apiNames = ['control', ...roomNames] as const
export type ApiName = (typeof apiNames)[number]
