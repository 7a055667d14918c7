import { BrokerError } from './types.ts'

/** A promise and what settles it: `Promise.withResolvers`, which Node has from 22 on and this library does without. */
export interface Deferred<T> {
  promise: Promise<T>
  resolve(value: T | PromiseLike<T>): void
  reject(reason: unknown): void
}

export function deferred<T = void>(): Deferred<T> {
  let resolve: Deferred<T>['resolve'] = () => undefined
  let reject: Deferred<T>['reject'] = () => undefined
  const promise = new Promise<T>((settle, refuse) => {
    resolve = settle
    reject = refuse
  })
  return { promise, resolve, reject }
}

/** Rejects when `promise` takes longer than `ms`; `why` says what is known of the reason. */
export function inTime<Value>(promise: Promise<Value>, ms: number, why: () => string = () => ''): Promise<Value> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      const reason = why()
      reject(new BrokerError(`The server could not be reached in time${reason === '' ? '' : `: ${reason}`}`))
    }, ms)
    promise.then(resolve, reject).finally(() => clearTimeout(late))
  })
}
