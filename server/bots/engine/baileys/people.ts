/** People whom the library names by a hidden id, by their number where it is known. */
import type { WASocket } from 'baileys'

const device = /:\d+(?=@)/

/** Without the device; a hidden id stays where WhatsApp has not told its number. */
export async function numbered({ signalRepository }: WASocket, id: string): Promise<string> {
  const bare = id.replace(device, '')
  if (!bare.endsWith('@lid')) return bare
  const number = await signalRepository.lidMapping.getPNForLID(bare)
  return number?.replace(device, '') ?? bare
}
