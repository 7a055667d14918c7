/** Binds the routes of WhatsApp's version. */
import type { Handlers } from '../../http/api.ts'
import type { Contract } from '../../http/contract.ts'
import type { versionRoutes, VersionView } from '../contract/native/version.ts'
import type { BotService } from '../service.ts'
import type { NewestVersion } from '../version/whatsapp-version.ts'

export interface VersionParts {
  service: BotService
  version: {
    /** The one that is set; null while the library's own is taken. */
    set(): string | null
    own(): Promise<string>
    newest: NewestVersion
    /** Throws `setting-fixed`. */
    keep(version: string | null): void
  }
}

export function versionHandlers({ service, version }: VersionParts): Handlers<Contract<typeof versionRoutes>['routes']> {
  const view = async (): Promise<VersionView> => {
    const [set, own] = [version.set(), await version.own()]
    return { version: set ?? own, own, isSet: set !== null }
  }
  return {
    whatsappVersion: async () => ({ status: 200, body: await view() }),
    setWhatsappVersion: async ({ body: { version: wanted } }) => {
      version.keep(wanted === 'own' ? null : wanted === 'newest' ? await version.newest() : wanted)
      const started = service.list().filter(({ row }) => row.cause === 'version-refused')
      for (const bot of started) await bot.start()
      return { status: 200, body: { ...(await view()), started: started.map(({ row }) => row.userId) } }
    },
  }
}
