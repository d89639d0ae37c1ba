/** The exact shapes of the short strings on the wire. */

/** 256 bits as base64url: handles, nonces, verifiers, and hashes of them (R12). */
const BITS_256 = /^[A-Za-z0-9_-]{43}$/
/** 128 bits as base64url: `jti` and `state`. */
const BITS_128 = /^[A-Za-z0-9_-]{22}$/
/**
 * 256 bits wrapped by RFC 3394, as base64url: a handle inside a session token, or a ticket's grant. It has one spelling, like the parts of a
 * token: under a second spelling a replay would not be recognised (R27).
 */
const WRAPPED = /^[A-Za-z0-9_-]{53}[AQgw]$/
/** 128 bits wrapped in the same way: an administrator's name for a session. */
const REF = /^[A-Za-z0-9_-]{32}$/
/** R7 */
const KEY_ID = /^[A-Za-z0-9_-]{1,64}$/
/** The name of a group or an app. */
const NAME = /^[a-z0-9-]{1,32}$/
/** The path of a site's endpoints. Appended to an origin, it stays on that origin. */
const ENDPOINT = /^(\/[A-Za-z0-9_-]+)+$/
/**
 * A part of a compact token. It has one spelling: bits of the last character that encode nothing are zero (RFC 4648, section 3.5). Otherwise
 * one token would have many texts, and readers differ on which they accept (R8).
 */
const PART =
  '(?=[A-Za-z0-9_-])(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-][AQgw]|[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048])?'
/** R1: compact serialisation by character class, before any parsing. */
const JWS = new RegExp(`^${PART}\\.${PART}\\.${PART}$`)
const JWE = new RegExp(`^${PART}\\.\\.${PART}\\.${PART}\\.${PART}$`)

const matches =
  (pattern: RegExp) =>
  (value: unknown): value is string =>
    typeof value === 'string' && pattern.test(value)

export const is256Bits = matches(BITS_256)
export const is128Bits = matches(BITS_128)
export const isWrapped = matches(WRAPPED)
export const isRef = matches(REF)
export const isKeyId = matches(KEY_ID)
export const isName = matches(NAME)
export const isEndpoint = matches(ENDPOINT)
export const isCompactJws = matches(JWS)
export const isCompactJwe = matches(JWE)
