/** What can be asked of a hub. The real one and the reference answer the same questions, and have to give the same answers. */
import type { Data, Patch, Policy } from './plan.js'

/**
 * An answer, or an error's code as `{ error }`. Whatever only its maker can read (handles, states, proofs) is a text that is equal where it
 * stands for the same thing.
 */
export type Answer = Readonly<Record<string, unknown>>

export interface Offer {
  /** Who signs it, and whether with a key that the hub has not heard of, or has forgotten. */
  readonly signer: number
  readonly isOldKey: boolean
  readonly handle: string
  readonly nonce: string
  readonly jti: string
  readonly iat: number
  readonly yields: boolean
}

interface Asked {
  readonly site: number
  readonly nonce: string
  /** The hub's own cookie for this site's group. */
  readonly jar: string | null
  /** The hub's cookie of a visitor who shares nothing: the last word of each group that has said one. */
  readonly off: string | null
}

export interface FrameAsked extends Asked {
  readonly state: string | null
  readonly hasAccess: boolean
}

export interface ExchangeAsked extends Asked {
  readonly proof: string
  readonly offer: Offer | null
  readonly choice: 'hub' | 'site' | 'news' | null
}

export interface RedirectAsked extends Asked {
  readonly state: string | null
  /** In the second round: what the hub has asked for, and its start cookie. */
  readonly offer?: Offer | null
  readonly seal: string | null
}

export interface ForgetAsked extends Asked {
  readonly proof: string
  readonly forget: boolean
}

export const inOneOrder = (answers: readonly Answer[]): Answer => ({
  answers: [...answers].sort((a, b) => codeOf(a).localeCompare(codeOf(b))),
})

const codeOf = ({ error }: Answer): string => (typeof error === 'string' ? error : '')

/** The back-channel's acts, by what their bodies hold. */
export interface ActBodies {
  read: { handle: string }
  update: { handle: string | null; patch: Patch; version?: number }
  claims: { handle: string; patch: Patch }
  'sign-in': {
    handle: string | null
    subject: string
    claims: Data
    auth_time?: number
    jti?: string
    exp?: number
  }
  end: { handle: string; everywhere: boolean }
  part: { handle: string }
  list: { handle: string }
  'end-other': { handle: string; ref?: string }
  link: { handle: string; to: number }
  redeem: {
    grant: string
    jti: string
    exp: number
    previous: string | null
    overrule: boolean
    /** Whether the site says that it is a link ticket. */
    isLink: boolean
  }
}

export interface HubSide {
  act<Name extends keyof ActBodies>(site: number, name: Name, body: ActBodies[Name]): Promise<Answer>
  /** The same request twice at once: `{ answers }`, whichever came first. */
  race(site: number, body: ActBodies['redeem']): Promise<Answer>
  frame(asked: FrameAsked): Promise<Answer>
  exchange(asked: ExchangeAsked): Promise<Answer>
  redirect(asked: RedirectAsked): Promise<Answer>
  forget(asked: ForgetAsked): Promise<Answer>
  revokeAll(subject: string): Promise<Answer>
  /** The user's newest session is 0. */
  revokeOne(subject: string, index: number): Promise<Answer>
  register(site: number, policy: Policy): void
  rotateSiteKey(site: number): Promise<void>
  advance(seconds: number): void
  sweep(): Promise<void>
  restart(): Promise<void>
  crash(when: 'before' | 'after'): void
  /** What stands behind a handle, as somebody sees it who may see everything. */
  truth(handle: string): Promise<Truth | null>
}

/** `null` instead of it: the handle stands for nothing, or for a session that has ended or expired. */
export interface Truth {
  readonly id: string
  readonly subject: string | null
  readonly claims: Data
  readonly data: Data
}
