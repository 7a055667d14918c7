/**
 * What a browser knows of the sites it has been to, as data: Playwright's `storageState`, and beside it what only we keep, the open tabs
 * with their session storage. What is kept of a login and what is exported and imported is the same thing.
 */
import { z } from 'zod'

const text = z.string().max(1_000_000)

export const stateCookie = z.object({
  name: z.string().max(4_096),
  value: z.string().max(4_096),
  /** With a leading dot where subdomains get it too. */
  domain: z.string().min(1).max(255),
  path: z.string().max(1_024).default('/'),
  /** Seconds since the epoch; -1 for one that ends with the browser. */
  expires: z.number().default(-1),
  httpOnly: z.boolean().default(false),
  secure: z.boolean().default(false),
  sameSite: z.enum(['Strict', 'Lax', 'None']).optional(),
  /** The site in whose pages alone it is sent. */
  partitionKey: z.string().max(300).optional(),
  /** Playwright's name for it: the cookie was set by a frame below another site's. */
  _crHasCrossSiteAncestor: z.boolean().optional(),
})
export type StateCookie = z.output<typeof stateCookie>

const item = z.object({ name: text, value: z.string().max(10_000_000) })
export type StorageItem = z.output<typeof item>

/** Values that JSON has no words for stand under `keyEncoded` and `valueEncoded`, in Playwright's writing. */
const record = z.object({
  key: z.unknown().optional(),
  keyEncoded: z.unknown().optional(),
  value: z.unknown().optional(),
  valueEncoded: z.unknown().optional(),
})

const index = z.object({
  name: text,
  keyPath: z.string().optional(),
  keyPathArray: z.array(z.string()).optional(),
  multiEntry: z.boolean(),
  unique: z.boolean(),
})

const objectStore = z.object({
  name: text,
  records: z.array(record),
  indexes: z.array(index),
  autoIncrement: z.boolean(),
  keyPath: z.string().optional(),
  keyPathArray: z.array(z.string()).optional(),
})

const database = z.object({ name: text, version: z.number().int().min(1), stores: z.array(objectStore) })
export type StateDatabase = z.output<typeof database>

export const webOrigin = z
  .url({ protocol: /^https?$/ })
  .max(300)
  .refine((address) => URL.parse(address)?.origin === address, 'must be an origin such as https://portal.example.com')

export const originState = z.object({
  origin: webOrigin,
  localStorage: z.array(item).max(50_000).default([]),
  indexedDB: z.array(database).max(1_000).optional(),
})
export type OriginState = z.output<typeof originState>

/** Playwright's `storageState`. */
export const storageState = z.object({
  cookies: z.array(stateCookie).max(10_000).default([]),
  origins: z
    .array(originState)
    .max(500)
    .refine((all) => new Set(all.map(({ origin }) => origin)).size === all.length, 'an origin may stand there once')
    .default([]),
})
export type StorageState = z.output<typeof storageState>

export interface TabState {
  url: string
  /** It stood in front. */
  active: boolean
  /** By origin. */
  sessionStorage: { origin: string; items: StorageItem[] }[]
}

export interface BrowserState extends StorageState {
  tabs: TabState[]
  /** What was too large, or cannot be written down, in plain words. */
  leftOut: string[]
}

export const emptyState: BrowserState = { cookies: [], origins: [], tabs: [], leftOut: [] }
