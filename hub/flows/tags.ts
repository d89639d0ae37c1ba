/** What the hub signs for itself: cheap symmetric tags under the hub's secret. */
import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto'

import { SessionHubError } from '../../sdk/protocol/errors.js'

/**
 * The state in a site's readable cookie: a tag of (session, site). The hub can compute it again, so an equal tag means unchanged.
 * Nobody else can tell from it which session it is, nor that two sites hold the same one.
 */
export function stateTag(secret: KeyObject, sessionId: string, site: string): string {
  return tag(secret, `state\n${sessionId}\n${site}`)
}

/** Differs for each session, so that frames see that the session has changed; empty without a session. */
export const turnTag = (secret: KeyObject, sessionId: string | undefined): string =>
  sessionId === undefined ? '' : tag(secret, `turn\n${sessionId}`)

/**
 * The tag by which events name a session to a party. A party that never held the session learns nothing from it. For a site by itself it is the
 * state.
 */
export const sessionTag = (secret: KeyObject, sessionId: string, party: string): string =>
  stateTag(secret, sessionId, party)

/** The tag by which events name a subject to a party. A party that never had that user learns nothing from it. */
export function subjectTag(secret: KeyObject, subject: string, party: string): string {
  return tag(secret, `subject\n${party}\n${subject}`)
}

/** A subject's name at a pairwise party: the same at each visit, and different at every other party. */
export function pairwiseTag(secret: KeyObject, subject: string, party: string): string {
  return createHmac('sha256', secret).update(`pairwise\n${party}\n${subject}`).digest('base64url')
}

/** The tag by which the hub names a party that it counts in a foreign store. It reveals neither the address nor the session. */
export const partyTag = (secret: KeyObject, party: string): string => tag(secret, `party\n${party}`)

export interface FrameFacts {
  readonly site: string
  readonly nonce: string
  /** Whether the frame's request showed unpartitioned access to the hub's cookies. */
  readonly hasAccess: boolean
}

/** How long a proof is valid: the hidden frame asks at once, the visible one when the visitor clicks. */
export const proofMs = { hidden: 120_000, visible: 12 * 3_600_000 } as const

/**
 * The frame's proof: the hub's own statement of the site and nonce for which it served this frame, and of what the browser showed
 * then. The exchange believes this and nothing that a message says (R13, R16). It never leaves the frame.
 */
export function frameProof(
  secret: KeyObject,
  facts: FrameFacts,
  nowMs: number,
  lifeMs: number = proofMs.hidden,
): string {
  const end = nowMs + lifeMs
  return `${end}.${facts.hasAccess ? 1 : 0}.${tag(secret, proofText(facts, end))}`
}

/** @throws SessionHubError `request_invalid` for a proof that is old, or of another site or nonce */
export function readFrameProof(
  secret: KeyObject,
  proof: string,
  site: string,
  nonce: string,
  nowMs: number,
): FrameFacts {
  const [end, access, mac, rest] = proof.split('.')
  const facts = { site, nonce, hasAccess: access === '1' }
  const isOurs =
    mac !== undefined && rest === undefined && isTag(mac, tag(secret, proofText(facts, Number(end))))
  if (!isOurs || !(Number(end) > nowMs)) {
    throw new SessionHubError(
      'request_invalid',
      'The frame is too old, or was not served for this site and nonce',
    )
  }
  return facts
}

export interface RedirectFacts {
  readonly site: string
  readonly nonce: string
  /** The hub's own nonce, which an offer has to carry (R13). */
  readonly hubNonce: string
}

/** The value of the hub's start cookie: in this very browser the hub has asked this site for an offer. */
export function redirectSeal(secret: KeyObject, facts: RedirectFacts, endMs: number): string {
  return `${endMs}.${facts.hubNonce}.${tag(secret, sealText(facts, endMs))}`
}

/** The hub's nonce; `undefined` for a seal that is old, or of another site or redirect. */
export function readRedirectSeal(
  secret: KeyObject,
  seal: string,
  site: string,
  nonce: string,
  nowMs: number,
): string | undefined {
  const [end, hubNonce = '', mac = '', rest] = seal.split('.')
  const expected = tag(secret, sealText({ site, nonce, hubNonce }, Number(end)))
  return rest === undefined && isTag(mac, expected) && Number(end) > nowMs ? hubNonce : undefined
}

const sealText = ({ site, nonce, hubNonce }: RedirectFacts, endMs: number) =>
  `redirect\n${site}\n${nonce}\n${hubNonce}\n${endMs}`

const proofText = ({ site, nonce, hasAccess }: FrameFacts, end: number) =>
  `proof\n${site}\n${nonce}\n${hasAccess}\n${end}`

const tag = (secret: KeyObject, text: string) =>
  createHmac('sha256', secret).update(text).digest().subarray(0, 16).toString('base64url')

/** Compares in constant time. */
export function isTag(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)]
  return one.length === other.length && timingSafeEqual(one, other)
}

/** For a form on the visitor's own page: a tag of one browser, and of what it held when the page was shown. */
export const ownPageTag = (secret: KeyObject, text: string): string => tag(secret, `you\n${text}`)

/** What the admin pages sign for themselves. A tag of one kind is never valid as the other. */
export const adminTag = (secret: KeyObject, kind: 'sign-in' | 'form', text: string): string =>
  tag(secret, `admin ${kind}\n${text}`)
