/** What a sequence of visitors is. Plain data, so that it can be kept and shrunk. */

export interface Plan {
  readonly conflict: 'keep-both' | 'hub' | 'site'
  readonly steps: readonly Step[]
}

export const SITES = 3
export const PROCESSES = 2
export const BROWSERS = 2
export const USERS = ['ada', 'bob', 'eve'] as const

/** A browser's request to one process of a site. */
export interface At {
  readonly browser: number
  readonly site: number
  readonly process: number
}

/** What a visitor does on a page. */
export type Act =
  | { readonly do: 'visit' }
  | { readonly do: 'store'; readonly by: 'patch' | 'function' }
  | { readonly do: 'sign in'; readonly user: string }
  | { readonly do: 'sign out'; readonly everywhere: boolean }

export type Step =
  | (Act & At)
  /** The ticket may come to the other process. */
  | ({ readonly do: 'sync'; readonly redeemAt: number; readonly choice: 'hub' | 'site' | null } & At)
  | ({ readonly do: 'follow a link'; readonly to: number } & At)
  | ({ readonly do: 'redirect' | 'opt out' | 'opt in' } & At)
  /**
   * A slow act, and another of the same browser meanwhile. Either the request is slow: it comes to the site after the other; or the answer is:
   * its cookies come to the browser after the other's.
   */
  | ({
      readonly do: 'late'
      readonly slow: 'request' | 'answer'
      readonly act: Act
      readonly then: Act & At
    } & At)
  /** Two acts at once with the same cookies; the second at this process. */
  | ({ readonly do: 'twice'; readonly acts: readonly [Act, Act]; readonly other: number } & At)
  /** Somebody in another browser tries to bring what is theirs into this one. */
  | ({
      readonly do: 'attack'
      readonly way: 'other page' | 'other verifier' | 'form' | 'callback'
      readonly from: number
    } & At)
  | { readonly do: 'revoke'; readonly user: string }
  | { readonly do: 'clock'; readonly seconds: number }
  /** The second process of a site has another time from now on. */
  | { readonly do: 'skew'; readonly site: number; readonly seconds: number }
  | { readonly do: 'hub goes' | 'hub comes' }
