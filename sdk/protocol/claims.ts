/** The claims of each token, with one parser for each: exactly the listed members, each of its exact form (R5). */
import { SessionHubError } from './errors.js'
import {
  type Fields,
  isFlag,
  isNullOr,
  isObject,
  isOneOf,
  isSubject,
  isText,
  isTime,
  readFields,
} from './fields.js'
import { is128Bits, is256Bits, isWrapped } from './formats.js'
import { isJsonObject, type JsonObject } from './json.js'
import { limits, modes } from './wire.js'

const isParty = isText(limits.originLength)

const ticketRequired = {
  /** The hub's origin. */
  iss: isParty,
  /** The origin of the one site that may redeem it. */
  aud: isParty,
  /** The hub's message to itself: the one session that this ticket is for. */
  grant: isWrapped,
  jti: is128Bits,
  iat: isTime,
  nbf: isTime,
  exp: isTime,
  /** The origin whose page asked: the audience itself, or the sister with the link. */
  origin: isParty,
  mode: isOneOf(modes),
}
/** `nonce`: base64url(SHA-256(verifier)) of the page or the start cookie. Only a link ticket has none (R10). */
const ticketOptional = {
  nonce: is256Bits,
  sub: isSubject,
  /** The visitor has chosen this user over the one who is signed in at the site: the subject tag of the latter. */
  chosen: is128Bits,
}
export type TicketClaims = Fields<typeof ticketRequired, typeof ticketOptional>

/** @throws SessionHubError `request_invalid` */
export function parseTicketClaims(value: unknown): TicketClaims {
  const claims = readFields('The ticket', value, ticketRequired, ticketOptional)
  if ((claims.nonce === undefined) !== (claims.mode === 'link'))
    throw new SessionHubError('request_invalid', 'A ticket has a nonce, unless it is a link ticket')
  if (claims.chosen !== undefined && claims.mode !== 'frame')
    throw new SessionHubError('request_invalid', 'A choice is possible only in a frame') // R34
  return claims
}

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
/** `yields`: the site is configured with `alwaysReplace`, so the hub wins. */
const offerOptional = { yields: isFlag }
export type OfferClaims = Fields<typeof offerRequired, typeof offerOptional>

/** @throws SessionHubError `request_invalid` */
export const parseOfferClaims = (value: unknown): OfferClaims =>
  readFields('The offer', value, offerRequired, offerOptional)

const siteRequired = { iss: isParty, aud: isParty, iat: isTime, exp: isTime }
/** A site's Bearer token on the back channel. */
export type SiteClaims = Fields<typeof siteRequired>

/** @throws SessionHubError `request_invalid` */
export const parseSiteClaims = (value: unknown): SiteClaims =>
  readFields('The site token', value, siteRequired)

const sessionRequired = {
  /** The site's origin, twice, because the token is for the site itself. */
  iss: isParty,
  aud: isParty,
  iat: isTime,
  /** The end of its freshness: after that the hub is asked. */
  exp: isTime,
}
const actorFields = { sub: isSubject }
/** The administrator who acts as the subject, in the form of RFC 8693 (section 4.1). */
const isActor = (value: unknown): value is Fields<typeof actorFields> => {
  try {
    readFields('The actor', value, actorFields)
    return true
  } catch {
    return false
  }
}

const sessionOptional = {
  /** The handle, wrapped. Absent in a provisional session, which the hub does not know yet. */
  sk: isWrapped,
  /** Of a provisional session: it can be registered once. */
  jti: is128Bits,
  /** Of a provisional session: the browser's previous handle, whose session the sign-in ends; wrapped. */
  was: isWrapped,
  sub: isSubject,
  auth_time: isTime,
  claims: isObject,
  /** The session's tag, by which the hub names it in events. */
  st: is128Bits,
  /** The subject's tag and the session's generation, by which the hub ends all of a user's sessions. */
  sg: is128Bits,
  gen: isTime,
  /** The administrator who acts as the subject, and when that ends: then there is no `auth_time`. */
  act: isActor,
  until: isTime,
  /** Of a provisional session: `false` if the browser is to forget it when it is closed. */
  remember: isFlag,
  /** Of a provisional session: the tag of the session at the company's identity provider. */
  idp: is256Bits,
}
/** The members of a session token that belong to the protocol, with the form of each. The site has put in all others. */
export const sessionForms: Readonly<Record<string, (value: unknown) => boolean>> = {
  ...sessionRequired,
  ...sessionOptional,
}

/** What a site knows of a session: handles in clear, and besides the protocol's own members what the site has put into its token. */
export type SessionClaims = Fields<typeof sessionRequired, typeof sessionOptional> & {
  readonly extra?: JsonObject
}

/** The members of a session token that the site cannot choose. */
export const sessionMembers: readonly string[] = Object.keys({ ...sessionRequired, ...sessionOptional })

/** @throws SessionHubError `request_invalid` */
export const parseSessionClaims = (value: unknown): SessionClaims =>
  readFields('The session token', value, sessionRequired, sessionOptional)

const startRequired = {
  /** The site's origin, twice, because the token is for the site itself. */
  iss: isParty,
  aud: isParty,
  iat: isTime,
  exp: isTime,
  /** When the present chain of redirects began and how many there were: the loop guard. */
  since: isTime,
  count: isTime,
}
/** Of a redirect in progress: its verifier, and whether an offer has been made on the way. */
const startOptional = { verifier: is256Bits, offered: isFlag }
export type StartClaims = Fields<typeof startRequired, typeof startOptional>

/** @throws SessionHubError `request_invalid` */
export const parseStartClaims = (value: unknown): StartClaims =>
  readFields('The start cookie', value, startRequired, startOptional)

const enterRequired = {
  iss: isParty,
  aud: isParty,
  iat: isTime,
  exp: isTime,
  ticket: isText(limits.tokenLength),
}
/** A link ticket that was posted from the right origin and waits for the same-site step. */
export type EnterClaims = Fields<typeof enterRequired>

/** @throws SessionHubError `request_invalid` */
export const parseEnterClaims = (value: unknown): EnterClaims =>
  readFields('The enter cookie', value, enterRequired)

const isObjects = (value: unknown): value is readonly JsonObject[] =>
  Array.isArray(value) && value.every(isJsonObject)

const endedRequired = { iss: isParty, aud: isParty, iat: isTime, exp: isTime, ends: isObjects }
/** Sign-outs that the hub has not been told of yet. */
export type EndedClaims = Fields<typeof endedRequired>

/** @throws SessionHubError `request_invalid` */
export const parseEndedClaims = (value: unknown): EndedClaims =>
  readFields('The ended cookie', value, endedRequired)

/** One of these sign-outs: its names are wrapped by the site, so that nobody else can read them. */
const waitingEndFields = { handle: isNullOr(isText(64)) }
const waitingEndOptional = { everywhere: isFlag, jti: isText(64), exp: isTime }

/** @throws SessionHubError `request_invalid` */
export const parseWaitingEnd = (value: unknown) =>
  readFields('The ended cookie', value, waitingEndFields, waitingEndOptional)
