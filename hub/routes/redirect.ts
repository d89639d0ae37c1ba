/** `GET /redirect`: the visitor's own window passes through the hub, on its way from a site and back. */
import type { ServerResponse } from 'node:http'

import { readCookie } from '../../sdk/http/cookies.js'
import { isNavigation, queryOf, single } from '../../sdk/http/navigation.js'
import { sendOn } from '../../sdk/http/node/reply.js'
import { addCookies } from '../../sdk/http/node/own-headers.js'
import { SessionHubError, toSessionHubError } from '../../sdk/protocol/errors.js'
import { is128Bits, is256Bits } from '../../sdk/protocol/formats.js'
import { cookieNames, hubPaths, limits, sitePaths } from '../../sdk/protocol/wire.js'
import { logError } from '../../sdk/settings/log.js'
import type { HubContext } from '../flows/context.js'
import { answerRedirect, type RedirectAnswer } from '../flows/redirect.js'
import type { Site } from '../sites/site.js'
import { hubHandleHash } from './access.js'
import type { HubRequest } from './request.js'
import { hubCookie, hubStartCookie, turnCookies } from './cookies.js'
import type { FindSiteFor } from './find-site.js'
import type { Limiters } from './limits.js'
import { hasOptedOut } from './opt-out.js'
import { renewedCookies } from './renewal.js'

export const redirectRoute =
  (hub: HubContext, findSite: FindSiteFor, limiters: Limiters) =>
  async (req: HubRequest, res: ServerResponse): Promise<void> => {
    if (!isNavigation(req)) throw new SessionHubError('request_invalid', 'This address is only for a window')
    const query = queryOf(req.url)
    const [nonce, state] = [single(query, 'nonce'), single(query, 'state')]
    // Visitors are sent only to a registered site (R23).
    const site = await findSite(single(query, 'site') ?? '', req.ip)
    const kind = `${site.registeredAs} window` as const
    let answer: RedirectAnswer
    try {
      // Counted only now, so that a visitor who comes too often is sent back as well.
      await limiters.address(req.ip, kind)
      if (!is256Bits(nonce)) throw new SessionHubError('request_invalid', 'The "nonce" has a wrong form') // R12
      const hash = hubHandleHash(req.headers, site)
      if (hash !== undefined) await limiters.session(hash, kind)
      answer = await answerRedirect(hub, {
        site,
        nonce,
        state: is128Bits(state) ? state : undefined,
        hubHandleHash: hash,
        isOff: hasOptedOut(req.headers, site),
        offer: offerOf(query),
        seal: readCookie(req.headers.cookie, cookieNames.hubStart),
      })
    } catch (thrown) {
      // The visitor returns to the site, whatever has failed.
      const error = toSessionHubError(thrown)
      logError(hub.log, error, hubPaths.redirect, { site: site.origin })
      answer = { outcome: 'failed', reason: error.code }
    }
    hub.meter?.synced('redirect', answer.outcome)
    // If there is a turn, there is a session. A new handle gets a new cookie anyway.
    if (answer.turn && answer.hubHandle === undefined)
      addCookies(res, await renewedCookies(hub, req, site, hubPaths.redirect))
    addCookies(res, [...cookiesOf(site, answer, query), ...turnCookies(req, site, answer)])
    res.setHeader('x-content-type-options', 'nosniff')
    sendOn(req, res, back(site, answer, returnOf(query)))
  }

/** The empty text means that the site has no session. */
function offerOf(query: URLSearchParams): string | null | undefined {
  if (!query.has('offer')) return undefined
  return single(query, 'offer') || null
}

/** Returned as it came: only the site can read it. R39: it is bounded as it is sent, where one character can become nine. */
function returnOf(query: URLSearchParams): string {
  const given = single(query, 'return') ?? ''
  return new URLSearchParams({ given }).toString().length <= limits.returnLength ? given : ''
}

/** Leads to the registered origin and endpoint, which no request can change. */
function back(
  { origin, endpoint }: Site,
  { outcome, ticket, reason, asked }: RedirectAnswer,
  to: string,
): string {
  const query = new URLSearchParams({
    outcome,
    ...(ticket !== undefined && { ticket }),
    ...(reason !== undefined && { reason }),
    ...(asked && { hub_nonce: asked.hubNonce }),
    return: to,
  })
  return `${origin}${endpoint}${sitePaths.callback}?${query}`
}

function cookiesOf(
  site: Site,
  { outcome, asked, hubHandle, isRemembered }: RedirectAnswer,
  query: URLSearchParams,
): string[] {
  // After a round that failed, the cookie may belong to another window.
  const isOver = query.has('offer') && outcome !== 'failed'
  return [
    ...(hubHandle === undefined ? [] : [hubCookie(site, hubHandle, isRemembered)]),
    ...(asked ? [hubStartCookie(asked.seal)] : isOver ? [hubStartCookie('')] : []),
  ]
}
