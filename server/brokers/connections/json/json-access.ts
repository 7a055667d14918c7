/** What a named JSON client may not do beside publishing and subscribing, which its place in the session sees to. */
import type { Access } from '../../access/access.ts'
import type { Frame } from './json-frames.ts'

const deviceAnswers: Readonly<Record<string, object>> = {
  register_fcm_token: { type: 'fcm_token_response' },
  unregister_fcm_token: { type: 'fcm_unregister_response' },
  get_registered_devices: { type: 'registered_devices_response', devices: [] },
}

/**
 * The frame to answer with; null where nothing speaks against it. Devices are its own alone, whatever `userId` it gave at its login, and
 * files go where it may publish.
 */
export function forbiddenFor({ type, userId, topic }: Frame, access: Pick<Access, 'identity' | 'mayPublish'>): object | null {
  const answer = typeof type === 'string' ? deviceAnswers[type] : undefined
  if (answer !== undefined)
    return typeof userId !== 'string' || userId === access.identity.name
      ? null
      : { ...answer, success: false, error: 'Not allowed for another userId' }
  const isFile = type === 'init_file' || type === 'end_file'
  return isFile && typeof topic === 'string' && !access.mayPublish(topic) ? { error: 'Not allowed to publish on this topic' } : null
}
