/** What a sequence is: the owner's rules, what is registered of each site, and steps. Plain data, so that it can be kept and shrunk. */

export interface Plan {
  readonly rules: Rules
  readonly sites: readonly Policy[]
  readonly steps: readonly Step[]
}

export type MergeName = 'fill' | 'winner' | 'loser' | 'by key'

/** The hub's options. */
export interface Rules {
  readonly merge: MergeName
  readonly conflict: 'keep-both' | 'hub' | 'site'
  readonly isSingle: boolean
  /** `null`: no limit. */
  readonly most: number | null
  readonly evict: 'oldest' | 'refuse'
  readonly endAll: boolean
}

/** A site's registration, without its keys; and `yields`, the site's own `alwaysReplace`. Lists: `null` allows everything. */
export interface Policy {
  readonly isEnabled: boolean
  readonly group: '' | 'red'
  readonly claims: readonly string[] | null
  readonly read: readonly string[] | null
  readonly write: readonly string[] | null
  readonly isPairwise: boolean
  readonly mayOffer: boolean
  readonly yields: boolean
}

export type Value = string | number | readonly string[]
export type Data = Readonly<Record<string, Value>>
export type Patch = Readonly<Record<string, Value | null>>

export const SITES = 4
export const BROWSERS = 3
export const USERS = ['ada', 'bob'] as const
export const KEYS = ['cart', 'count', 'wish', 'note'] as const
export const CLAIMS = ['name', 'plan'] as const

/** A visitor in a browser, at a site whose backend does what the protocol asks of it. */
export interface At {
  readonly browser: number
  readonly site: number
}

/** A ticket, handle or exchange that was seen before, as a number: the newest is 0. */
type Old = number

export type Act = 'read' | 'update' | 'claims' | 'sign-in' | 'end' | 'part' | 'list' | 'end-other' | 'link'

export type Step =
  | ({ readonly do: 'visit' | 'redirect' | 'opt out' | 'opt in' | 'part' | 'end others' } & At)
  | ({ readonly do: 'store'; readonly key: string; readonly value: Value | null } & At)
  | ({ readonly do: 'sign in'; readonly user: string; readonly claims: Data } & At)
  | ({ readonly do: 'sign out'; readonly everywhere: boolean } & At)
  | ({
      readonly do: 'sync'
      readonly hasAccess: boolean
      readonly choice: 'hub' | 'site' | 'news' | null
    } & At)
  /** The frame's ticket comes, and the page is left before it is redeemed. */
  | ({ readonly do: 'leave with a ticket' } & At)
  | ({ readonly do: 'follow a link'; readonly to: number } & At)
  | ({ readonly do: 'end one other'; readonly index: number } & At)
  /** The site is told of a sign-in late, as after an outage of the hub; the same one perhaps twice. */
  | ({ readonly do: 'register late'; readonly user: string; readonly ago: number; readonly id: number } & At)
  /** An old cookie comes back, as from a backup of the browser. */
  | ({ readonly do: 'restore'; readonly what: 'site cookie' | 'hub cookie'; readonly old: Old } & At)
  /** The owner. */
  | { readonly do: 'revoke all'; readonly user: string }
  | { readonly do: 'revoke one'; readonly user: string; readonly index: number }
  | { readonly do: 'register'; readonly site: number; readonly policy: Policy }
  | { readonly do: 'rotate the site key'; readonly site: number }
  /** The world. */
  | { readonly do: 'clock'; readonly seconds: number }
  | { readonly do: 'sweep' }
  | { readonly do: 'restart' }
  /** The next transaction fails: before anything is written, or with its answer lost. */
  | { readonly do: 'crash'; readonly when: 'before' | 'after' }
  /** A backend uses a handle that it has, or had, or that is another site's (`isForeign`). */
  | {
      readonly do: 'use'
      readonly handle: Old
      readonly isForeign: boolean
      readonly act: Act
      readonly user: string
    }
  /** A backend redeems a ticket of its own or another's, beside a handle that it has or had; `twice`: by two requests at once. */
  | {
      readonly do: 'redeem'
      readonly ticket: Old
      readonly isForeign: boolean
      /** Under another `jti`: who has the ticket's key may write what it likes. */
      readonly isOtherJti: boolean
      readonly previous: Old | null
      /** The one beside it is anybody's. */
      readonly isOthers: boolean
      readonly overrules: boolean
      /** As if it had come by a link, or had not. */
      readonly isOtherMode: boolean
      readonly twice: boolean
    }
  /** An offer as `signer` would sign it, for any handle that it ever had, in a page of `site`. */
  | ({
      readonly do: 'offer'
      readonly signer: number
      readonly handle: Old
      readonly isOldKey: boolean
      readonly isOtherNonce: boolean
    } & At)
  /** A request that was made before, once more, in the same browser or another. */
  | { readonly do: 'exchange again'; readonly browser: number; readonly old: Old }
