/**
 * `POST /look`: the frame asks its question again, after the browser has granted it the hub's cookies. What this request shows
 * decides, not what the browser has promised to the frame's script.
 */
import type { ServerResponse } from 'node:http'

import { readJsonBody } from '../../sdk/http/body.js'
import { bodyOf } from '../../sdk/http/node/body.js'
import { addCookies } from '../../sdk/http/node/own-headers.js'
import { sendJson } from '../../sdk/http/node/reply.js'
import { parseLookBody } from '../../sdk/protocol/bodies.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import type { HubContext } from '../flows/context.js'
import { answerFrame } from '../flows/frame.js'
import { frameProof, readFrameProof } from '../flows/tags.js'
import type { SiteRegistry } from '../sites/registry.js'
import { hubHandleHash, isAskedFromOneJar } from './access.js'
import type { HubRequest } from './request.js'
import { turnCookies, withTurn } from './cookies.js'
import type { Limiters } from './limits.js'
import { hasOptedOut } from './opt-out.js'
import { requireOwnPage } from './own-page.js'

export const lookRoute =
  (hub: HubContext, sites: SiteRegistry, limiters: Limiters) =>
  async (req: HubRequest, res: ServerResponse): Promise<void> => {
    requireOwnPage(req, hub.origin)
    const { site: origin, nonce, proof, state } = parseLookBody(await readJsonBody(bodyOf(req)))
    const { secret } = hub
    readFrameProof(secret, proof, origin, nonce, hub.now())
    const site = await sites.find(origin)
    if (!site) throw new SessionHubError('site_unknown', 'This site is not registered here')
    const kind = `${site.registeredAs} frame` as const
    await limiters.address(req.ip, kind)
    const hash = hubHandleHash(req.headers, site)
    if (hash !== undefined) await limiters.session(hash, kind)

    const hasAccess = isAskedFromOneJar(req.headers, site)
    const isOff = hasOptedOut(req.headers, site)
    const answer = await answerFrame(hub, { site, nonce, state, hubHandleHash: hash, hasAccess, isOff })
    hub.meter?.synced('access', answer.outcome)
    const said = {
      ...withTurn(req, site, answer),
      proof: hasAccess ? frameProof(secret, { site: origin, nonce, hasAccess }, hub.now()) : proof,
    }
    addCookies(res, turnCookies(req, site, answer))
    sendJson(res, 200, said)
  }
