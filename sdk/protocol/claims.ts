/** The claims of each token, and one parser for each: exactly the listed members, each of its exact form (R5). */
import { type Fields, isFlag, isObject, isOneOf, isSubject, isText, isTime, readFields } from './fields.js'
import { is128Bits, is256Bits } from './formats.js'
import { limits, type Mode } from './wire.js'

const isParty = isText(limits.originLength)
const isMode = isOneOf<Mode>(['frame'])

const ticketRequired = {
  /** The hub's origin. */
  iss: isParty,
  /** The one site that may redeem it, by its origin. */
  aud: isParty,
  /** The new handle, in clear: only inside the encryption. */
  sid: is256Bits,
  jti: is128Bits,
  iat: isTime,
  nbf: isTime,
  exp: isTime,
  /** base64url(SHA-256(verifier)) of the page that asked. */
  nonce: is256Bits,
  /** The origin whose page asked. */
  origin: isParty,
  mode: isMode,
}
const ticketOptional = { sub: isSubject, auth_time: isTime, claims: isObject }
export type TicketClaims = Fields<typeof ticketRequired, typeof ticketOptional>

/** @throws SessionHubError `request_invalid` */
export const parseTicketClaims = (value: unknown): TicketClaims =>
  readFields('The ticket', value, ticketRequired, ticketOptional)

const offerRequired = {
  /** The site's origin. */
  iss: isParty,
  /** The hub's origin. */
  aud: isParty,
  /** SHA-256 of the site's handle, so that page script never sees a handle. */
  sid: is256Bits,
  jti: is128Bits,
  iat: isTime,
  exp: isTime,
  /** The frame's nonce (R13). */
  nonce: is256Bits,
}
/** `yields`: the site is configured with `alwaysReplace`, the hub wins. */
const offerOptional = { yields: isFlag }
export type OfferClaims = Fields<typeof offerRequired, typeof offerOptional>

/** @throws SessionHubError `request_invalid` */
export const parseOfferClaims = (value: unknown): OfferClaims =>
  readFields('The offer', value, offerRequired, offerOptional)

const siteRequired = { iss: isParty, aud: isParty, iat: isTime, exp: isTime }
/** A site's Bearer token on the back-channel. */
export type SiteClaims = Fields<typeof siteRequired>

/** @throws SessionHubError `request_invalid` */
export const parseSiteClaims = (value: unknown): SiteClaims =>
  readFields('The site token', value, siteRequired)

const sessionRequired = {
  /** The site's origin, twice: it speaks to itself. */
  iss: isParty,
  aud: isParty,
  iat: isTime,
  /** The end of its freshness: from then on the hub is asked. */
  exp: isTime,
}
const sessionOptional = {
  /** The handle. Absent in a provisional session, which the hub does not know yet. */
  sk: is256Bits,
  /** Of a provisional session: it can be registered once. */
  jti: is128Bits,
  /** Of a provisional session: the handle that was here before, whose session the sign-in ends. */
  was: is256Bits,
  sub: isSubject,
  auth_time: isTime,
  claims: isObject,
}
export type SessionClaims = Fields<typeof sessionRequired, typeof sessionOptional>

/** @throws SessionHubError `request_invalid` */
export const parseSessionClaims = (value: unknown): SessionClaims =>
  readFields('The session token', value, sessionRequired, sessionOptional)
