/** `POST /exchange`: the frame brings the site's offer. Same-origin only, so no CORS header is ever sent (R16). */
import type { ServerResponse } from 'node:http'

import { readJsonBody } from '../../sdk/http/body.js'
import { bodyOf } from '../../sdk/http/node/body.js'
import { addCookies } from '../../sdk/http/node/own-headers.js'
import { sendJson } from '../../sdk/http/node/reply.js'
import { parseExchangeBody } from '../../sdk/protocol/bodies.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import type { HubContext } from '../flows/context.js'
import { exchange } from '../flows/exchange.js'
import { readFrameProof } from '../flows/tags.js'
import type { SiteRegistry } from '../sites/registry.js'
import type { HubRequest } from './request.js'
import { hasLostAccess, hubHandleHash } from './access.js'
import { hubCookie, turnCookies, withTurn } from './cookies.js'
import type { Limiters } from './limits.js'
import { hasOptedOut } from './opt-out.js'
import { requireOwnPage } from './own-page.js'

export const exchangeRoute =
  (hub: HubContext, sites: SiteRegistry, limiters: Limiters) =>
  async (req: HubRequest, res: ServerResponse): Promise<void> => {
    requireOwnPage(req, hub.origin)
    const { site: origin, nonce, proof, offer, choice } = parseExchangeBody(await readJsonBody(bodyOf(req)))
    // The site and the nonce come from the frame, under the hub's seal. The rest of the body cannot change them.
    const { hasAccess } = readFrameProof(hub.secret, proof, origin, nonce, hub.now())
    const site = await sites.find(origin)
    if (!site) throw new SessionHubError('site_unknown', 'This site is not registered here')
    const kind = `${site.registeredAs} frame` as const
    await limiters.address(req.ip, kind)
    const hash = hubHandleHash(req.headers, site)
    if (hash !== undefined) await limiters.session(hash, kind)

    const { hubHandle, isRemembered, ...answer } = await exchange(hub, {
      site,
      nonce,
      offerNonce: nonce,
      mode: 'frame',
      offer,
      choice,
      hubHandleHash: hash,
      isOff: hasOptedOut(req.headers, site),
      // The proof may be some hours old, and the visitor may have withdrawn the access since.
      hasAccess: hasAccess && !hasLostAccess(req.headers, site),
    })
    hub.meter?.synced('frame', answer.outcome)
    addCookies(res, [
      ...(hubHandle === undefined ? [] : [hubCookie(site, hubHandle, isRemembered)]),
      ...turnCookies(req, site, answer),
    ])
    sendJson(res, 200, withTurn(req, site, answer))
  }
