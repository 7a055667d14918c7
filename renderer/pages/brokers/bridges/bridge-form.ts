/** What is typed to make or change a bridge, and what the API is told of it. */
import type { BridgeTopic, BrokerBridge, NewBridge } from '../../../../server/brokers/contract/index.ts'

export interface BridgeForm {
  name: string
  address: string
  version: NewBridge['version']
  clientId: string
  username: string
  /** Empty leaves what is kept. */
  password: string
  ca: string
  certificate: string
  /** Empty leaves what is kept. */
  key: string
  serverName: string
  /** Separated by commas. */
  alpn: string
  insecure: boolean
  keepAlive: number
  sessionExpiry: number
  topics: BridgeTopic[]
}

export const emptyTopic = (): BridgeTopic => ({ direction: 'out', filter: '#', quality: 1, localPrefix: '', remotePrefix: '' })

export function formOf(bridge: BrokerBridge | null): BridgeForm {
  return {
    name: bridge?.name ?? '',
    address: bridge?.address ?? 'mqtts://',
    version: bridge?.version ?? '5',
    clientId: bridge?.clientId ?? '',
    username: bridge?.username ?? '',
    password: '',
    ca: bridge?.ca ?? '',
    certificate: bridge?.certificate ?? '',
    key: '',
    serverName: bridge?.serverName ?? '',
    alpn: bridge?.alpn.join(', ') ?? '',
    insecure: bridge?.insecure ?? false,
    keepAlive: bridge?.keepAlive ?? 60,
    sessionExpiry: bridge?.sessionExpiry ?? 604_800,
    topics: bridge?.topics.map((topic) => ({ ...topic })) ?? [emptyTopic()],
  }
}

const orNull = (text: string): string | null => (text.trim() === '' ? null : text.trim())

export const isSecure = (address: string): boolean => /^(mqtts|wss):/.test(address.trim())

/** What is left empty of the secrets stays as it is, but for a key whose certificate is gone. */
export function bodyOf({ clientId, password, key, alpn, ...form }: BridgeForm) {
  const certificate = orNull(form.certificate)
  return {
    name: form.name.trim(),
    address: form.address.trim(),
    version: form.version,
    ...(clientId.trim() === '' ? {} : { clientId: clientId.trim() }),
    username: orNull(form.username),
    ...(password === '' ? {} : { password }),
    ca: orNull(form.ca),
    certificate,
    ...(certificate === null ? { key: null } : orNull(key) === null ? {} : { key: key.trim() }),
    serverName: orNull(form.serverName),
    alpn: alpn
      .split(',')
      .map((each) => each.trim())
      .filter((each) => each !== ''),
    insecure: form.insecure && isSecure(form.address),
    keepAlive: form.keepAlive,
    sessionExpiry: form.sessionExpiry,
    topics: form.topics.map((topic) => ({ ...topic })),
  }
}
