/** Device tokens of JSON clients, kept as the client encrypted them. Each function answers with the frame to send. */
import { createHash } from 'node:crypto'
import { diskRefusal } from '../../../store/disk.ts'
import type { Clients, SessionFacts } from '../../clients.ts'
import type { Frame } from './json-frames.ts'

const notStored = 'Device could not be stored'
const required = 'userId and encryptedData are required'

/** `register_fcm_token {userId, encryptedData, hash}` → `fcm_token_response`. */
export function registerDevice(frame: Frame, { id }: SessionFacts, { store, clock }: Clients): object {
  const device = readDevice(frame)
  if (device === null) return { type: 'fcm_token_response', success: false, error: required }
  const stored = orRefused(() => store.putDevice(id, device.userId, device, clock.now()))
  return stored === 'refused'
    ? { type: 'fcm_token_response', success: false, error: notStored }
    : { type: 'fcm_token_response', success: true, deviceId: device.deviceId }
}

/** `unregister_fcm_token` with the same fields → `fcm_unregister_response`. */
export function unregisterDevice(frame: Frame, { id }: SessionFacts, { store }: Clients): object {
  const device = readDevice(frame)
  if (device === null) return { type: 'fcm_unregister_response', success: false, error: required }
  const removed = orRefused(() => store.removeDevice(id, device.userId, device.deviceId))
  if (removed === 'refused') return { type: 'fcm_unregister_response', success: false, error: notStored }
  return removed
    ? { type: 'fcm_unregister_response', success: true }
    : { type: 'fcm_unregister_response', success: false, error: 'Device not found' }
}

/** `get_registered_devices {userId}` → `registered_devices_response {devices}`. */
export function listDevices({ userId }: Frame, { id }: SessionFacts, { store }: Clients): object {
  if (typeof userId !== 'string') return { type: 'registered_devices_response', success: false, error: 'userId is required', devices: [] }
  return { type: 'registered_devices_response', success: true, devices: store.devices(id, userId) }
}

/** `refused` where the disk does not take it; what else went wrong is thrown. */
function orRefused<Result>(work: () => Result): Result | 'refused' {
  try {
    return work()
  } catch (error) {
    if (diskRefusal(error) === null) throw error
    return 'refused'
  }
}

/** The device is named by `deviceId` or, for clients that send none, by its token's hash. */
function readDevice({
  userId,
  encryptedData,
  deviceId,
  platform,
}: Frame): { userId: string; deviceId: string; platform: string; token: string } | null {
  if (
    typeof userId !== 'string' ||
    userId === '' ||
    userId.length > 256 ||
    typeof encryptedData !== 'string' ||
    encryptedData === '' ||
    encryptedData.length > 8_192
  )
    return null
  return {
    userId,
    token: encryptedData,
    deviceId:
      typeof deviceId === 'string' && deviceId !== ''
        ? deviceId.slice(0, 128)
        : createHash('sha256').update(encryptedData).digest('hex').slice(0, 32),
    platform: typeof platform === 'string' ? platform.slice(0, 64) : 'unknown',
  }
}
