/** What the inputs of several tools have in common. */
import { z } from 'zod'
import { lastOf } from './workplace.ts'

export const sessionId = {
  session_id: z.string().min(1).max(200).optional().describe('The one used last when left out'),
}
/** For what nobody should do to the wrong one. */
export const namedSession = { session_id: z.string().min(1).max(200).describe('Id from browser_list') }
/** Some models take no tool whose schema has formats beside dates: what is checked need not be told. */
const unsaid = { format: undefined }
export const address = z
  .url({ protocol: /^https?$/, error: 'An address begins with http:// or https://' })
  .max(2_000)
  .meta(unsaid)
export const fileId = z.uuid('An id from the list, or left out').meta({ ...unsaid, pattern: undefined })
export const base64 = z.base64('Not base64').meta({ ...unsaid, pattern: undefined })
/** For the audit trail: also where the call left it out. */
export const about = ({ session_id: id }: { session_id?: string | undefined }, actor: string): string => id ?? lastOf(actor) ?? ''
