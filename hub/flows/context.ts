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
  /** Seals everything that only the hub itself reads: grants, tags, proofs. */
  readonly secret: KeyObject
  readonly rules: HubRules
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly log: Log
  /** Counts what pages and visitors are told, if metrics are configured. */
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
  /** `Infinity` if there is no limit. */
  readonly maxSessions: number
  readonly evict: Evict
  readonly endAllOnSignOut: (subject: string) => boolean | Promise<boolean>
  /** Whether this user is an administrator. Nobody may act as an administrator. */
  readonly isAdmin: (subject: string) => boolean | Promise<boolean>
}

export interface Lifetime {
  /** How long a session lives after its last use, in seconds. */
  readonly idleSeconds: number
  /** How long a session lives at most, in seconds. */
  readonly absoluteSeconds: number
}

/** Decides each meeting of two users: which of them stays. It is synchronous and pure, because it runs inside a transaction. */
export type ConflictRule = (question: ConflictQuestion) => ConflictPolicy

export interface ConflictQuestion {
  /** The origin of the site. */
  readonly site: string
  /** The user who is signed in at the site. */
  readonly siteSubject: string
  /** The user who is signed in at the hub. */
  readonly hubSubject: string
}

/** Whether this sign-in ends the user's other sessions. The hub asks before it writes anything. */
export type SingleSession = (subject: string, session: SignedIn) => boolean | Promise<boolean>

/** What a rule is told about a session that is about to begin. */
export interface SignedIn {
  /** The origin of the site where the user signs in. */
  readonly site: string
  readonly agent: string | null
  readonly isRemembered: boolean
  /** A copy of what the site says about the user. */
  readonly claims: StoredClaims
}

/** What happens when a user has one session too many: the oldest ends, or the new one is refused. */
export type Evict = 'oldest' | 'refuse'

export interface MergeQuestion {
  /** The data of the session that ends. If the site has a list of keys that it may write, only those keys (R37). */
  readonly from: StoredData
  /** The data of the session that stays, with the same keys. */
  readonly into: StoredData
  /** `shared`: two anonymous carts met, or an anonymous cart met a signed-in user. `signed-in`: the cart's own visitor signed in. */
  readonly reason: 'shared' | 'signed-in'
}

/**
 * Returns the data of the session that stays. It is synchronous and pure, because it runs in the transaction that ends the other session. Its
 * effect therefore happens exactly once.
 */
export type Merge = (question: MergeQuestion) => StoredData
