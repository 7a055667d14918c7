/** What goes wrong with a Redis, by its words. */
import { Fault } from '../../fault.ts'

/** What Redis answers to every write where another one, or the same one later, would take it. */
export const refusals = /^(READONLY|MASTERDOWN|LOADING|MISCONF|OOM|NOREPLICAS|CLUSTERDOWN|NOAUTH)\b/
/** Those of one that has become a replica: whoever is the master now is found by connecting anew. */
export const elsewhere = /^(READONLY|MASTERDOWN)\b/

/** A mistake of ours is no trouble of Redis. */
export function isOfRedis(error: unknown): error is Error {
  const isOurs = error instanceof Fault || error instanceof TypeError || error instanceof SyntaxError || error instanceof RangeError
  return error instanceof Error && !isOurs
}

/** Many errors of the network have an empty message, several in one. */
export function textOf(error: Error): string {
  if (error.message !== '') return error.message
  if (error instanceof AggregateError) return error.errors.map(String).join('; ')
  return 'code' in error ? String(error.code) : error.name
}
