/** What applications keep in sessions, in types of their own: empty interfaces here, which an application merges its members into. */
/* eslint @typescript-eslint/no-generated-empty-object-type: off, @typescript-eslint/no-empty-object-type: off -- there to be merged into */
import type { JsonObject } from './json.js'

/**
 * The session's data. Any member may be missing from a session: it may be new, or begun by another site. Without members of your own, data
 * is `JsonObject`.
 *
 * @example
 * declare module 'session-hub/site' {
 *   interface SessionData {
 *     cart: string[]
 *   }
 * }
 */
export interface SessionData {}

/** What a sign-in says about the user. Merged into, and read, as `SessionData` is. */
export interface SessionClaims {}

/** The data of a session as it is read: a copy, which is the reader's own. */
export type StoredData = keyof SessionData extends never ? JsonObject : Partial<SessionData>

/** A JSON merge patch (RFC 7396) of the data: `null` removes a member, and a member that is an object is patched in the same way. */
export type DataPatch = keyof SessionData extends never ? JsonObject : Patch<SessionData>

/** The claims as they are read: frozen. */
export type StoredClaims = keyof SessionClaims extends never ? JsonObject : Frozen<Partial<SessionClaims>>

/** The claims as a sign-in gives them. */
export type GivenClaims = keyof SessionClaims extends never ? JsonObject : Plain<Partial<SessionClaims>>

/** A JSON merge patch (RFC 7396) of the claims, as `DataPatch` is of the data. */
export type ClaimsPatch = keyof SessionClaims extends never ? JsonObject : Patch<SessionClaims>

type Patch<Members> = { readonly [Name in keyof Members]?: PatchOf<Members[Name]> | null }

type PatchOf<Value> = Value extends NotJson
  ? never
  : Value extends readonly unknown[]
    ? Plain<Value>
    : Value extends object
      ? Patch<Value>
      : Value

/** `never` where JSON has no such value: what `request_invalid` would refuse does not compile. */
type Plain<Value> = Value extends NotJson
  ? never
  : Value extends object
    ? { readonly [Name in keyof Value]: Plain<Value[Name]> }
    : Value

type NotJson =
  | bigint
  | symbol
  | undefined
  | Date
  | Promise<unknown>
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | ((...given: never) => unknown)

type Frozen<Value> = Value extends object ? { readonly [Name in keyof Value]: Frozen<Value[Name]> } : Value
