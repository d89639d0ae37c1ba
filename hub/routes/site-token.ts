/** Who is speaking on the back-channel: a registered site, by a short-lived token under its own signing key. */
import { decodeJwt } from 'jose'

import { boundedCache } from '../../sdk/http/bounded-cache.js'
import { parseSiteClaims } from '../../sdk/protocol/claims.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { isCompactJws } from '../../sdk/protocol/formats.js'
import { limits } from '../../sdk/protocol/wire.js'
import { checkTimes } from '../../sdk/tokens/times.js'
import { lookup, verifyToken } from '../../sdk/tokens/verify.js'
import type { HubContext } from '../flows/context.js'
import type { SiteRegistry } from '../sites/registry.js'
import type { Site } from '../sites/site.js'
import type { HubRequest } from './request.js'
import type { Limiters } from './limits.js'

/** @throws SessionHubError `site_token_invalid` */
export type Authenticate = (req: HubRequest) => Promise<Site>

interface Verified {
  readonly origin: string
  /** The very keys that it was verified under: when a site's keys are changed, its old tokens are looked at again. */
  readonly keys: Site['signingKeys']
  readonly claims: { readonly iat: number; readonly exp: number }
}

export function createAuthenticate(hub: HubContext, sites: SiteRegistry, limiters: Limiters): Authenticate {
  // A site uses one token for a minute; its signature is looked at once. The key is the whole text.
  const known = boundedCache<Verified>(2000)

  return async ({ headers: { authorization }, ip }) => {
    const token = authorization?.startsWith('Bearer ') ? authorization.slice(7) : ''
    if (token.length > limits.tokenLength || !isCompactJws(token)) throw refused('A site token is missing')
    const before = known.get(token)
    // A site shows a new token once a minute. Whoever shows many is counted before anything is verified.
    if (!before) await limiters.address(ip, 'token')
    const site = await sites.find(before?.origin ?? claimedIssuer(token))
    if (!site) throw refused('The site is not registered')
    const claims = before?.keys === site.signingKeys ? before.claims : await verified(token, site)
    checkTimes(claims, hub.now(), limits.siteTokenSeconds, timeCodes)
    known.set(token, { origin: site.origin, keys: site.signingKeys, claims })
    return site
  }

  async function verified(token: string, site: Site) {
    let claims
    try {
      claims = parseSiteClaims(await verifyToken('site+jwt', token, lookup(site.signingKeys)))
    } catch (cause) {
      throw refused('The site token is not valid', cause)
    }
    if (claims.iss !== site.origin || claims.aud !== hub.origin)
      throw refused('The site token is for another hub')
    return claims
  }
}

const timeCodes = { expired: 'site_token_invalid', invalid: 'site_token_invalid' } as const

/** Only to know under whose keys to look (R7); believed after the signature is. */
function claimedIssuer(token: string): string {
  try {
    return decodeJwt(token).iss ?? ''
  } catch (cause) {
    throw refused('The site token is not valid', cause)
  }
}

const refused = (message: string, cause?: unknown) =>
  new SessionHubError('site_token_invalid', message, { cause })
