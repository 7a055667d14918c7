/** Seals the installation's key with the system's key store: Keychain, DPAPI, libsecret or KWallet. */
import type { SafeStorage } from 'electron'
import type { KeyProtector } from '../server/secrets/sealing-key.ts'

/**
 * Undefined when this machine has no key store. On Linux without a keyring Electron "encrypts" with a constant that anyone can
 * read in its source (`basic_text`); that would only look like safety, so it counts as none and the key file's mode has to do.
 */
export async function findKeyProtector(safeStorage: KeyStore, platform: NodeJS.Platform): Promise<KeyProtector | undefined> {
  if (!(await safeStorage.isAsyncEncryptionAvailable())) return undefined
  if (platform === 'linux' && ['basic_text', 'unknown'].includes(safeStorage.getSelectedStorageBackend())) return undefined
  return {
    // The store takes text, a key is bytes.
    protect: (key) => safeStorage.encryptStringAsync(key.toString('base64')),
    unprotect: async (sealed) => Buffer.from((await safeStorage.decryptStringAsync(sealed)).result, 'base64'),
  }
}

type KeyStore = Pick<SafeStorage, 'isAsyncEncryptionAvailable' | 'encryptStringAsync' | 'decryptStringAsync' | 'getSelectedStorageBackend'>
