/** A session token for a service on another host: it tells only that service who the visitor is, and contains no handle. */
import type { SessionClaims } from '../../protocol/claims.js'
import { SessionHubError } from '../../protocol/errors.js'
import { signToken } from '../../tokens/sign.js'
import type { SiteSettings } from '../options.js'
import { isFresh } from './token.js'
import type { TokenContent } from './token-content.js'

export interface ServiceToken {
  readonly token: string
  /** Its lifetime. */
  readonly seconds: number
}

/**
 * @param session what the visitor's own token says
 * @throws SessionHubError `audience_unknown`, `unavailable`
 */
export async function issueServiceToken(
  settings: SiteSettings,
  content: Pick<TokenContent, 'isWhole'>,
  session: SessionClaims,
  audience: string,
): Promise<ServiceToken> {
  const { origin, audiences, serviceTokenSeconds, sessionKeys } = settings
  // For itself the site makes session tokens, and this is not one.
  if (!audiences.includes(audience) || audience === origin)
    throw new SessionHubError('audience_unknown', "This is not one of the site's audiences")
  const nowMs = settings.now()
  // R28: nobody may act on an answer of the hub that is older than freshness allows.
  if (!isFresh(session, nowMs))
    throw new SessionHubError('unavailable', 'The hub cannot be asked whether this session is alive')
  const { exp, sub, auth_time: authTime, st, claims, act, extra } = session
  const iat = Math.floor(nowMs / 1000)
  const seconds = Math.min(serviceTokenSeconds, exp - iat)
  const [key] = sessionKeys
  const members = {
    iss: origin,
    aud: audience,
    iat,
    exp: iat + seconds,
    ...(sub !== undefined && { sub }),
    ...(authTime !== undefined && { auth_time: authTime }),
    ...(st !== undefined && { st }),
    // RFC 8693, section 4.1.
    ...(act && { act }),
    // A sign-in that waits for the hub has all of them, whatever the fields are.
    ...(content.isWhole && claims && { claims }),
    ...extra,
  }
  return { token: await signToken('session+jwt', members, key, key.alg), seconds }
}
