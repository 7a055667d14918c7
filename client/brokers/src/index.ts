/** The client library of the brokers: see `docs/brokers.md` for an example that runs. */
export { BrokerClient } from './client.ts'
export {
  BrokerError,
  LoginError,
  type BrokerClientOptions,
  type BrokerMessage,
  type BrokerSocket,
  type ClientState,
  type ConnectOptions,
  type MessageHandler,
  type Published,
  type SubscribeOptions,
} from './types.ts'
export { Envelope, EnvelopeError, generateKey, sha256, type EnvelopeContext, type Sealed } from './envelope.ts'
