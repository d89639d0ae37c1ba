/** Finds out who speaks on the back-channel: a registered site, by a short-lived token under its own signing key, or an app, for one of its sites. */
import { decodeJwt, decodeProtectedHeader } from 'jose'

import { boundedCache } from '../../sdk/http/bounded-cache.js'
import { parseSiteClaims } from '../../sdk/protocol/claims.js'
import { SessionHubError, toSessionHubError } from '../../sdk/protocol/errors.js'
import { isCompactJws } from '../../sdk/protocol/formats.js'
import { limits, siteHeader } from '../../sdk/protocol/wire.js'
import { checkTimes } from '../../sdk/tokens/times.js'
import { readKeyId, verifyToken } from '../../sdk/tokens/verify.js'
import type { HubContext } from '../flows/context.js'
import type { SiteRegistry } from '../sites/registry.js'
import type { Site } from '../sites/site.js'
import type { HubRequest } from './request.js'
import type { Limiters } from './limits.js'

/**
 * @param forSite the site for which an app speaks; by default the one that the request's header names
 * @returns the site that the request is for
 * @throws SessionHubError `site_token_invalid`
 */
export type Authenticate = (req: HubRequest, forSite?: string) => Promise<Site>

/** The value of the header that names the site for which an app speaks. */
type Named = string | readonly string[] | undefined

interface Verified {
  readonly issuer: string
  /** The key under which the token was verified, by name and coordinates. If that key is no longer registered, the token counts as not verified. */
  readonly print: string
  readonly kid: string
  readonly claims: { readonly iat: number; readonly exp: number }
}

export function createAuthenticate(hub: HubContext, sites: SiteRegistry, limiters: Limiters): Authenticate {
  // A process uses one token for a minute, for all its sites. Its signature is checked once. The cache key is the whole token.
  const known = boundedCache<Verified>(2000)

  return async (req, forSite) => {
    const { authorization, [siteHeader]: said } = req.headers
    const named = forSite ?? said
    const token = authorization?.startsWith('Bearer ') ? authorization.slice(7) : ''
    try {
      return await siteOf(token, named, req.ip)
    } catch (thrown) {
      const error = toSessionHubError(thrown)
      if (error.code !== 'site_token_invalid') throw thrown
      // A new token was counted before it was read. With one that it has shown before, a site could ask for what is not its own without end (R31).
      const before = known.get(token)
      if (before) await limiters.site(`${before.issuer} refused`)
      warn(token, named, error)
      throw thrown
    }
  }

  /** Logs which site and key the token names, for those who have mixed up keys. */
  function warn(token: string, named: Named, { message }: SessionHubError): void {
    const { site, kid } = said(token, named)
    hub.log({ level: 'warn', event: 'site_token_refused', site, kid, description: message })
  }

  async function siteOf(token: string, named: Named, ip: string | undefined): Promise<Site> {
    if (token.length > limits.tokenLength || !isCompactJws(token)) throw refused('A site token is missing')
    const before = known.get(token)
    // A process shows a new token once a minute. A sender of many tokens is counted before anything is verified.
    if (!before) await limiters.address(ip, 'token')
    const issuer = before?.issuer ?? claimedIssuer(token)
    const origin = originOf(issuer, named)
    if (before && !sites.isKnown(origin)) await limiters.address(ip, 'look-up')
    const site = await sites.find(origin)
    if (!site) throw refused('The site is not registered')
    // A site speaks for itself alone; an app speaks for the sites that are registered as its own.
    if (issuer !== site.origin && issuer !== site.party) throw refused('The site is not one of this app')
    const isKnown = before !== undefined && before.print === site.signingPrints().get(before.kid)
    const verified = isKnown ? before : await verify(token, site, issuer)
    checkTimes(verified.claims, hub.now(), limits.siteTokenSeconds, timeCodes)
    known.set(token, verified)
    return site
  }

  async function verify(token: string, site: Site, issuer: string): Promise<Verified> {
    let claims
    let kid
    try {
      claims = parseSiteClaims(await verifyToken('site+jwt', token, site.signingKey))
      kid = readKeyId(token)
    } catch (cause) {
      throw refused('The site token is not valid', cause)
    }
    if (claims.iss !== issuer || claims.aud !== hub.origin) throw refused('The site token is for another hub')
    return { issuer, kid, print: site.signingPrints().get(kid) ?? '', claims }
  }
}

const timeCodes = { expired: 'site_token_invalid', invalid: 'site_token_invalid' } as const

/** The site that the token is for: the issuer itself, or the site that an app names. @throws SessionHubError `site_token_invalid` */
function originOf(issuer: string, named: Named): string {
  const isApp = issuer.startsWith('app:')
  if (named === undefined && !isApp) return issuer
  if (typeof named === 'string' && (isApp || named === issuer)) return named
  throw refused(`An app says for which of its sites it speaks, by "${siteHeader}"; a site speaks for itself`)
}

/** What a token says about itself, as far as it can be read. Only for the log. */
function said(token: string, named: Named): { site: string | undefined; kid: string | undefined } {
  try {
    const { kid }: { kid?: unknown } = decodeProtectedHeader(token)
    const site = originOf(claimedIssuer(token), named)
    return { site, kid: typeof kid === 'string' ? kid : undefined }
  } catch {
    return { site: undefined, kid: undefined }
  }
}

/** Tells only under whose keys to look (R7). It is believed after the signature has been verified. */
function claimedIssuer(token: string): string {
  let issuer: unknown
  try {
    issuer = decodeJwt(token).iss
  } catch (cause) {
    throw refused('The site token is not valid', cause)
  }
  if (typeof issuer !== 'string') throw refused('The site token names no issuer')
  return issuer
}

const refused = (message: string, cause?: unknown) =>
  new SessionHubError('site_token_invalid', message, { cause })
