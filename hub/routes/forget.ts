/**
 * `POST /forget`: from now on the visitor shares nothing in this browser, or shares again. The visitor says so in a site's page, whose frame
 * sends the request. It holds for all sites. Only a site of the same group can withdraw it for that group (R37).
 */
import type { ServerResponse } from 'node:http'

import { readJsonBody } from '../../sdk/http/body.js'
import { bodyOf } from '../../sdk/http/node/body.js'
import { addCookies } from '../../sdk/http/node/own-headers.js'
import { sendJson } from '../../sdk/http/node/reply.js'
import { parseHubForgetBody } from '../../sdk/protocol/bodies.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import type { HubContext } from '../flows/context.js'
import { type Answer, OPTED_OUT } from '../flows/frame.js'
import { readFrameProof } from '../flows/tags.js'
import type { SiteRegistry } from '../sites/registry.js'
import { hasLostAccess, hubHandleHash } from './access.js'
import type { HubRequest } from './request.js'
import { hubCookie, turnCookies, withTurn } from './cookies.js'
import type { Limiters } from './limits.js'
import { hubOffCookie } from './opt-out.js'
import { requireOwnPage } from './own-page.js'

export const forgetRoute =
  (hub: HubContext, sites: SiteRegistry, limiters: Limiters) =>
  async (req: HubRequest, res: ServerResponse): Promise<void> => {
    requireOwnPage(req, hub.origin)
    const { site: origin, nonce, proof, forget } = parseHubForgetBody(await readJsonBody(bodyOf(req)))
    const { hasAccess } = readFrameProof(hub.secret, proof, origin, nonce, hub.now())
    const site = await sites.find(origin)
    if (!site) throw new SessionHubError('site_unknown', 'This site is not registered here')
    const kind = `${site.registeredAs} frame` as const
    await limiters.address(req.ip, kind)
    // In a partition it would hold for this one site only, and look as if it held for all.
    if (!hasAccess || hasLostAccess(req.headers, site)) {
      sendJson(res, 200, { outcome: 'blocked' } satisfies Answer)
      return
    }
    const hash = hubHandleHash(req.headers, site)
    if (hash !== undefined) await limiters.session(hash, kind)
    if (forget && hash !== undefined)
      await hub.store.transact({ handles: [] }, () => ({ changes: { forget: [hash] }, result: undefined }))
    const answer: Answer = forget ? OPTED_OUT : { outcome: 'none' }
    addCookies(res, [
      hubOffCookie(req.headers, site, forget),
      ...(forget ? [hubCookie(site, '')] : []),
      ...turnCookies(req, site, answer),
    ])
    sendJson(res, 200, withTurn(req, site, answer))
  }
