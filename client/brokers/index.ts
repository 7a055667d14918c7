/** The client library of the brokers: see `docs/brokers.md` for an example that runs. */
export { BrokerClient, BrokerError, type BrokerClientOptions, type BrokerMessage, type BrokerSocket, type ClientState, type MessageHandler, type Published } from './client.ts'
export { Envelope, EnvelopeError, generateKey, sha256, type EnvelopeContext, type Sealed } from './envelope.ts'
