/** `session-hub/verify`: reads a site's session token anywhere, without Express. It contacts nobody except the site, for its public keys. */
export { verifySession } from './verify.js'
export type { VerifiedSession, VerifyOptions, WithHeaders } from './verify.js'
export type { Jwks, VerifyingKey } from './keys.js'
export type { TokenField } from '../protocol/token-fields.js'
export type { SessionClaims, StoredClaims } from '../protocol/app-types.js'
export { type ErrorCode, SessionHubError } from '../protocol/errors.js'
export type { Json, JsonObject } from '../protocol/json.js'
