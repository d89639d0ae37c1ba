/** The JSON bodies of all endpoints, with one parser for each. */
import {
  type Fields,
  isAgent,
  isFlag,
  isNullOr,
  isObject,
  isOneOf,
  isReason,
  isSubject,
  isText,
  isTime,
  readFields,
} from './fields.js'
import { is128Bits, is256Bits, isEndpoint, isWrapped } from './formats.js'
import { choices, endReasons, limits, modes, NEWS, replaceReasons } from './wire.js'

const isToken = isText(limits.tokenLength)
const isOrigin = isText(limits.originLength)
const isState = is128Bits

/** Page → its own backend, `POST <endpoint>/offer`. */
const offerFields = { nonce: is256Bits }
export type OfferBody = Fields<typeof offerFields>
export const parseOfferBody = (value: unknown): OfferBody => readFields('The body', value, offerFields)

/**
 * Page → its own backend, `POST <endpoint>/forget`. `off`: whether this site stops sharing from now on; absent if the hub has already answered
 * for the whole browser.
 */
const forgetRequired = {}
const forgetOptional = { off: isFlag }
export type ForgetBody = Fields<typeof forgetRequired, typeof forgetOptional>
export const parseForgetBody = (value: unknown): ForgetBody =>
  readFields('The body', value, forgetRequired, forgetOptional)

/** Page → its own backend, `POST <endpoint>/token`. */
const tokenFields = { audience: isOrigin }
export type TokenBody = Fields<typeof tokenFields>
export const parseTokenBody = (value: unknown): TokenBody => readFields('The body', value, tokenFields)

/** Page → its own backend, `POST <endpoint>/redeem`. A missing verifier has its own error code (R10). */
const redeemFields = { ticket: isToken }
const redeemOptional = { verifier: is256Bits }
export type RedeemBody = Fields<typeof redeemFields, typeof redeemOptional>
export const parseRedeemBody = (value: unknown): RedeemBody =>
  readFields('The body', value, redeemFields, redeemOptional)

/** Frame → hub, `POST /exchange`. */
const exchangeFields = {
  site: isOrigin,
  nonce: is256Bits,
  /** The hub's own seal on this frame: the site and the nonce that it was served for. */
  proof: isText(128),
  offer: isNullOr(isToken),
}
/** The visitor's choice after two users met and neither gave way. */
const exchangeOptional = { choice: isOneOf([...choices, NEWS]) }
export type ExchangeBody = Fields<typeof exchangeFields, typeof exchangeOptional>
export const parseExchangeBody = (value: unknown): ExchangeBody =>
  readFields('The body', value, exchangeFields, exchangeOptional)

/** Frame → hub, `POST /forget`. */
const hubForgetFields = { site: isOrigin, nonce: is256Bits, proof: isText(128), forget: isFlag }
export type HubForgetBody = Fields<typeof hubForgetFields>
export const parseHubForgetBody = (value: unknown): HubForgetBody =>
  readFields('The body', value, hubForgetFields)

/** Frame → hub, `POST /look`: asks the frame's own question again. */
const lookFields = { site: isOrigin, nonce: is256Bits, proof: isText(128) }
const lookOptional = { state: isState }
type LookBody = Fields<typeof lookFields, typeof lookOptional>
export const parseLookBody = (value: unknown): LookBody =>
  readFields('The body', value, lookFields, lookOptional)

/** Site → hub, `POST /backchannel/<act>`. */
const backchannelRedeemFields = {
  /** The ticket's own `grant`, `jti`, `exp`, `mode` and `origin`, as the site has seen them: the hub compares them. */
  grant: isWrapped,
  jti: is128Bits,
  exp: isTime,
  mode: isOneOf(modes),
  origin: isOrigin,
  /** The handle in the browser's present session cookie, which ends now (R20). */
  previous: isNullOr(is256Bits),
  /** The site is configured with `alwaysReplace`: another live user gives way. */
  overrule: isFlag,
}
/**
 * `nonce`, `sub` and `chosen`: the ticket's, if it has any. `use`: identifies this use of the ticket, so that a request that arrives twice
 * gets the same answer.
 */
const backchannelRedeemOptional = { nonce: is256Bits, sub: isSubject, chosen: is128Bits, use: is128Bits }
export type BackchannelRedeemBody = Fields<typeof backchannelRedeemFields, typeof backchannelRedeemOptional>
export const parseBackchannelRedeem = (value: unknown): BackchannelRedeemBody =>
  readFields('The body', value, backchannelRedeemFields, backchannelRedeemOptional)

/**
 * `everywhere`: all sessions of the user behind the handle. `jti`: a sign-in that has ended before the hub could be told of it: it can no
 * longer be registered, until `exp`, and the session that it gave ends.
 */
const endFields = { handle: isNullOr(is256Bits) }
const endOptional = { everywhere: isFlag, jti: is128Bits, exp: isTime }
export type EndBody = Fields<typeof endFields, typeof endOptional>
export const parseEndBody = (value: unknown): EndBody => readFields('The body', value, endFields, endOptional)

/**
 * `ref`: the state of the session to end; if absent, all sessions end except the one behind the handle. `jti`: identifies this end, so that a
 * request that arrives twice acts once.
 */
const endOtherFields = { handle: is256Bits }
const endOtherOptional = { ref: isState, jti: is128Bits }
export type EndOtherBody = Fields<typeof endOtherFields, typeof endOtherOptional>
export const parseEndOtherBody = (value: unknown): EndOtherBody =>
  readFields('The body', value, endOtherFields, endOtherOptional)

const handleFields = { handle: is256Bits }
export type HandleBody = Fields<typeof handleFields>
export const parseHandleBody = (value: unknown): HandleBody => readFields('The body', value, handleFields)

/** `jti`: identifies this act, so that a request that arrives twice acts once. */
const partOptional = { jti: is128Bits }
export type PartBody = Fields<typeof handleFields, typeof partOptional>
export const parsePartBody = (value: unknown): PartBody =>
  readFields('The body', value, handleFields, partOptional)

const updateFields = {
  /** `null` begins an anonymous session. */
  handle: isNullOr(is256Bits),
  /** A JSON merge patch (RFC 7396) for the session's data. */
  patch: isObject,
}
/**
 * `version`: refuse the update with `version_conflict` unless the data still has this version. `jti`: identifies this update, so that a
 * request that arrives twice acts once.
 */
const updateOptional = { version: isTime, jti: is128Bits }
export type UpdateBody = Fields<typeof updateFields, typeof updateOptional>
export const parseUpdateBody = (value: unknown): UpdateBody =>
  readFields('The body', value, updateFields, updateOptional)

/** `patch`: a JSON merge patch for the claims of the user behind the handle. `jti`: as in an update. */
const claimsFields = { handle: is256Bits, patch: isObject }
const claimsOptional = { jti: is128Bits }
export type ClaimsBody = Fields<typeof claimsFields, typeof claimsOptional>
export const parseClaimsBody = (value: unknown): ClaimsBody =>
  readFields('The body', value, claimsFields, claimsOptional)

const signInFields = { handle: isNullOr(is256Bits), subject: isSubject, claims: isObject }
/**
 * For a sign-in that the hub could not be told of at once: when it really happened, and the `jti` of the site's own token that says so, which
 * works once, until `exp`.
 */
const signInOptional = {
  auth_time: isTime,
  jti: is128Bits,
  exp: isTime,
  /** `false`: the browser forgets the session when it is closed. If absent, the session stays. */
  remember: isFlag,
  /** The browser's own description of itself, for the user's list of sessions. */
  agent: isAgent,
  /** The tag of the session at the company's identity provider: base64url(SHA-256(JSON of [issuer, sid])). */
  idp: is256Bits,
}
export type SignInBody = Fields<typeof signInFields, typeof signInOptional>
export const parseSignInBody = (value: unknown): SignInBody =>
  readFields('The body', value, signInFields, signInOptional)

const isActingSeconds = (value: unknown): value is number =>
  isTime(value) && value >= limits.actingSeconds.min && value <= limits.actingSeconds.max

/**
 * The administrator behind the handle sees the site as this user does. `jti`: identifies this act, so that a request that arrives twice acts once.
 */
const actAsFields = {
  ...handleFields,
  subject: isSubject,
  claims: isObject,
  reason: isReason,
  seconds: isActingSeconds,
}
const actAsOptional = { jti: is128Bits }
export type ActAsBody = Fields<typeof actAsFields, typeof actAsOptional>
export const parseActAsBody = (value: unknown): ActAsBody =>
  readFields('The body', value, actAsFields, actAsOptional)

/** `jti`: as when the acting began. */
const stopActingOptional = { jti: is128Bits }
export type StopActingBody = Fields<typeof handleFields, typeof stopActingOptional>
export const parseStopActingBody = (value: unknown): StopActingBody =>
  readFields('The body', value, handleFields, stopActingOptional)

/** `to`: the sister's origin. */
const linkFields = { handle: is256Bits, to: isOrigin }
export type BackchannelLinkBody = Fields<typeof linkFields>
export const parseBackchannelLink = (value: unknown): BackchannelLinkBody =>
  readFields('The body', value, linkFields)

/** Page → its own backend, `POST <endpoint>/link`. */
const linkRequestFields = { to: isOrigin }
export type LinkBody = Fields<typeof linkRequestFields>
export const parseLinkBody = (value: unknown): LinkBody => readFields('The body', value, linkRequestFields)

/** Parses the empty body of a request whose endpoint says everything. */
export function parseEmptyBody(value: unknown): void {
  readFields('The body', value, {})
}

/** Hub → site, and site → page: `null` if there is nothing to share. `endpoint`: where the sister accepts the ticket, if not at the default. */
const linkReplyFields = { ticket: isNullOr(isToken) }
const linkReplyOptional = { endpoint: isEndpoint }
export type LinkReply = Fields<typeof linkReplyFields, typeof linkReplyOptional>
export const parseLinkReply = (value: unknown): LinkReply =>
  readFields('The answer of the hub', value, linkReplyFields, linkReplyOptional)

const isOriginList =
  (most: number) =>
  (value: unknown): value is readonly string[] =>
    Array.isArray(value) && value.length <= most && value.every(isOrigin)
const sistersReplyFields = { sisters: isOriginList(limits.sisters) }
export type SistersReply = Fields<typeof sistersReplyFields>
export const parseSistersReply = (value: unknown): SistersReply =>
  readFields('The answer of the hub', value, sistersReplyFields)

const isTagList = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length <= limits.ticketKeys && value.every(is128Bits)
/** Site → hub: the tags of the ticket keys that the site has. */
const keysFields = { ticket_keys: isTagList }
export type KeysBody = Fields<typeof keysFields>
export const parseKeysBody = (value: unknown): KeysBody => readFields('The body', value, keysFields)

/** Hub → site: a session as the back channel shows it. */
const viewFields = {
  /** The tag of (session, site) for the site's readable cookie. */
  state: isState,
  subject: isNullOr(isSubject),
  claims: isObject,
  data: isObject,
  version: isTime,
  auth_time: isNullOr(isTime),
  expires_at: isTime,
  /** `false`: the site's cookie lasts as long as the browser's own session. */
  remember: isFlag,
  /** The session's number among its subject's sessions, counted by the hub; 0 for an anonymous session. */
  generation: isTime,
  /** The names that the hub gives the session and its subject in events, to one site or to all sites of one app; `null`: anonymous. */
  session_tag: is128Bits,
  subject_tag: isNullOr(is128Bits),
}
/**
 * `handle`: a new one, if the act has created one. `actor`, `acting_until`: the administrator who acts as the subject, and when that ends;
 * both or neither.
 */
const viewOptional = { handle: is256Bits, actor: isSubject, acting_until: isTime }
export type SessionView = Fields<typeof viewFields, typeof viewOptional>
export const parseSessionView = (value: unknown): SessionView =>
  readFields('The answer of the hub', value, viewFields, viewOptional)

/** Hub → site: the session that a ticket gave, and what it replaced. */
const redeemedFields = {
  ...viewFields,
  handle: is256Bits,
  was_empty: isFlag,
  reason: isOneOf(replaceReasons),
}
/** `from`: where the session began. */
const redeemedOptional = { from: isOrigin }
export type RedeemedView = Fields<typeof redeemedFields, typeof redeemedOptional>
export const parseRedeemedView = (value: unknown): RedeemedView =>
  readFields('The answer of the hub', value, redeemedFields, redeemedOptional)

/** Hub → site: one of a user's sessions, as its owner may see it. */
const listedFields = {
  /** The session's state on the site that asks. */
  ref: isState,
  /** The site where it began. */
  site: isOrigin,
  /** The sites where it is in use. */
  sites: isOriginList(limits.listedSites),
  agent: isNullOr(isAgent),
  created_at: isTime,
  seen_at: isTime,
  auth_time: isNullOr(isTime),
  expires_at: isTime,
  current: isFlag,
}
type ListedSession = Fields<typeof listedFields>
const isListed = (value: unknown): value is ListedSession => {
  readFields('A listed session', value, listedFields)
  return true
}
const isList = (value: unknown): value is readonly ListedSession[] =>
  Array.isArray(value) && value.length <= limits.listedSessions && value.every(isListed)
const listReplyFields = { sessions: isList }
export type ListReply = Fields<typeof listReplyFields>
export const parseListReply = (value: unknown): ListReply =>
  readFields('The answer of the hub', value, listReplyFields)

const countFields = { ended: isTime }
export type CountReply = Fields<typeof countFields>
export const parseCountReply = (value: unknown): CountReply =>
  readFields('The answer of the hub', value, countFields)

/** Site → page: the replies. The SDK reads them without a parser, because they come from its own origin. */
export interface OfferReply {
  readonly offer: string | null
  /** The site's session turned out to have ended. */
  readonly ended?: (typeof endReasons)[number]
}
export interface TokenReply {
  readonly token: string
  /** In seconds. */
  readonly expires_in: number
}
export interface RedeemReply {
  readonly state: string
  readonly subject: string | null
  readonly reason: (typeof replaceReasons)[number]
}
