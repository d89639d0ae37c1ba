/** The types of what applications store in sessions. The interfaces are empty here; an application adds its own members by declaration merging. */
/* eslint @typescript-eslint/no-generated-empty-object-type: off, @typescript-eslint/no-empty-object-type: off -- applications merge their own declarations into these */
import type { JsonObject } from './json.js'

/**
 * The session's data. Any member may be missing: the session may be new, or another site may have begun it. If you declare no members of your
 * own, data is `JsonObject`.
 *
 * @example
 * declare module 'session-hub/site' {
 *   interface SessionData {
 *     cart: string[]
 *   }
 * }
 */
export interface SessionData {}

/** What a sign-in says about the user. You declare its members, and read it, as with `SessionData`. */
export interface SessionClaims {}

/** The data of a session when you read it: a copy that belongs to the reader. */
export type StoredData = keyof SessionData extends never ? JsonObject : Partial<SessionData>

/** A JSON merge patch (RFC 7396) of the data: `null` removes a member, and a member that is an object is patched in the same way. */
export type DataPatch = keyof SessionData extends never ? JsonObject : Patch<SessionData>

/** The claims when you read them: frozen. */
export type StoredClaims = keyof SessionClaims extends never ? JsonObject : Frozen<Partial<SessionClaims>>

/** The claims as you pass them to a sign-in. */
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

/** `never` for a value that JSON does not have: what `request_invalid` would refuse does not compile. */
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
