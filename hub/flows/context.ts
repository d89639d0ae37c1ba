/** What every flow is given: the parts, the rules that the owner chose, and the clock. */
import type { KeyObject } from 'node:crypto'

import type { StoredClaims, StoredData } from '../../sdk/protocol/app-types.js'
import type { Log } from '../../sdk/settings/log.js'
import type { Store } from '../stores/store.js'
import type { ConflictPolicy } from './decision.js'

export interface HubContext {
  /** The hub's own origin: the issuer of every ticket. */
  readonly origin: string
  readonly store: Store
  /** For all that only the hub itself reads: grants, tags, proofs. */
  readonly secret: KeyObject
  readonly rules: HubRules
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly log: Log
  /** Counts what pages and visitors are told, where somebody wants to know. */
  readonly meter?: SyncMeter | undefined
}

export interface SyncMeter {
  synced(rung: 'frame' | 'access' | 'redirect' | 'link', outcome: string): void
  redeemed(result: 'redeemed' | 'refused'): void
}

export interface HubRules {
  readonly ticketSeconds: number
  readonly lifetimes: { readonly anonymous: Lifetime; readonly signedIn: Lifetime }
  readonly conflict: ConflictPolicy | ConflictRule
  readonly merge: Merge
  readonly singleSession: SingleSession
  /** `Infinity` where there is no limit. */
  readonly maxSessions: number
  readonly evict: Evict
  readonly endAllOnSignOut: (subject: string) => boolean | Promise<boolean>
  /** Whether this user is an administrator, as whom nobody acts. */
  readonly isAdmin: (subject: string) => boolean | Promise<boolean>
}

export interface Lifetime {
  /** How long a session lives after it was last used, in seconds. */
  readonly idleSeconds: number
  /** How long it lives at most, in seconds. */
  readonly absoluteSeconds: number
}

/** Who gives way, for each meeting of two users by itself. Synchronous and pure: it runs inside a transaction. */
export type ConflictRule = (question: ConflictQuestion) => ConflictPolicy

export interface ConflictQuestion {
  /** The origin of the site. */
  readonly site: string
  /** Who is signed in there. */
  readonly siteSubject: string
  /** Who is signed in at the hub. */
  readonly hubSubject: string
}

/** Whether this sign-in ends the user's other sessions. Asked before anything is written. */
export type SingleSession = (subject: string, session: SignedIn) => boolean | Promise<boolean>

/** What a rule is told of a session that is about to begin. */
export interface SignedIn {
  /** The origin of the site where the user signs in. */
  readonly site: string
  readonly agent: string | null
  readonly isRemembered: boolean
  /** What the site says of the user: a copy. */
  readonly claims: StoredClaims
}

/** What happens to one session too many: the oldest ends, or the new one is refused. */
export type Evict = 'oldest' | 'refuse'

export interface MergeQuestion {
  /** The data of the session that ends: at a site with a list of what it may write, those keys only (R37). */
  readonly from: StoredData
  /** The data of the session that stays: the same keys. */
  readonly into: StoredData
  /** `shared`: two anonymous carts met, or one met a signed-in user. `signed-in`: its own visitor signed in. */
  readonly reason: 'shared' | 'signed-in'
}

/**
 * Gives the data of the session that stays. Synchronous and pure: it runs in the transaction that ends the other session, so
 * that its effect happens exactly once.
 */
export type Merge = (question: MergeQuestion) => StoredData
