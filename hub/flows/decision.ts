/** The exchange, decided in one place: the design's table as a pure function. It uses no clock, no store and no request. */
import type { Choice, ReplaceReason } from '../../sdk/protocol/wire.js'

/** One side of an exchange. A session that has ended counts as none. */
export type Side =
  | { readonly kind: 'none' }
  | { readonly kind: 'anonymous'; readonly id: string; readonly isEmpty: boolean }
  | { readonly kind: 'user'; readonly id: string; readonly subject: string }

/** Who gives way when two different users meet. */
export type ConflictPolicy = 'keep-both' | 'hub' | 'site'

export interface Policy {
  readonly conflict: ConflictPolicy
  /** `alwaysReplace`: the hub wins every cell it can. */
  readonly siteYields: boolean
  /** The visitor's own choice. It counts only when two users meet and the policy is `keep-both`. */
  readonly choice?: Choice | undefined
  /** The page syncs only because something changed elsewhere: otherwise two open pages would take the hub from each other for ever. */
  readonly isNews?: boolean
}

export type Decision =
  | { readonly outcome: 'none' | 'keep' | 'conflict' }
  /** `isChosen`: the visitor chose, not a rule. */
  | { readonly outcome: 'replace'; readonly reason: ReplaceReason; readonly isChosen?: true }
  /** `merge`: the hub's anonymous session ends, and its data goes into the site's session. */
  | { readonly outcome: 'adopt'; readonly merge: boolean }

export function decide(site: Side, hub: Side, policy: Policy): Decision {
  if (site.kind !== 'none' && hub.kind !== 'none' && site.id === hub.id) return { outcome: 'keep' }

  if (site.kind === 'none' || (site.kind === 'anonymous' && site.isEmpty)) {
    return hub.kind === 'none' ? { outcome: 'none' } : { outcome: 'replace', reason: 'empty' }
  }
  if (hub.kind === 'none') return { outcome: 'adopt', merge: false }
  if (site.kind === 'anonymous') return { outcome: 'replace', reason: 'merged' }

  // From here on a user is signed in at the site, and the hub has a different session.
  if (policy.siteYields) return { outcome: 'replace', reason: 'overruled' }
  if (hub.kind === 'anonymous') return { outcome: 'adopt', merge: true }
  if (hub.subject === site.subject) return { outcome: 'replace', reason: 'same-user' }
  switch (policy.conflict) {
    case 'keep-both':
      return chosen(policy.choice)
    case 'hub':
      return { outcome: 'replace', reason: 'overruled' }
    case 'site':
      return policy.isNews ? { outcome: 'keep' } : { outcome: 'adopt', merge: false }
  }
}

function chosen(choice: Choice | undefined): Decision {
  switch (choice) {
    case undefined:
      return { outcome: 'conflict' }
    case 'hub':
      return { outcome: 'replace', reason: 'overruled', isChosen: true }
    case 'site':
      return { outcome: 'adopt', merge: false }
  }
}
