/** What every flow is given: the parts, the rules that the owner chose, and the clock. */
import type { JsonObject } from '../../sdk/protocol/json.js'
import type { Log } from '../../sdk/settings/log.js'
import type { Keyring } from '../keys/keyring.js'
import type { Store } from '../stores/store.js'
import type { ConflictPolicy } from './decision.js'

export interface HubContext {
  /** The hub's own origin: the issuer of every ticket. */
  readonly origin: string
  readonly store: Store
  readonly keyring: Keyring
  readonly rules: HubRules
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly log: Log
}

export interface HubRules {
  readonly ticketSeconds: number
  readonly sessionSeconds: number
  readonly conflict: ConflictPolicy
  readonly merge: Merge
}

export interface MergeQuestion {
  /** The data of the session that ends. */
  readonly from: JsonObject
  /** The data of the session that stays. */
  readonly into: JsonObject
  /** `shared`: two anonymous carts met, or one met a signed-in user. `signed-in`: its own visitor signed in. */
  readonly reason: 'shared' | 'signed-in'
}

/**
 * Gives the data of the session that stays. Synchronous and pure: it runs in the transaction that ends the other session, so
 * that its effect happens exactly once.
 */
export type Merge = (question: MergeQuestion) => JsonObject

/** The default: what the winner has stays, what it lacks is filled in. */
export const fill: Merge = ({ from, into }) => ({ ...from, ...into })
