/** `GET /you`: a page of the hub's own that is worth a visit. If nobody visits a hub, browsers may treat its cookies as a tracker's. */
import type { ServerResponse } from 'node:http'

import { isNavigation, saysNothing } from '../../../sdk/http/navigation.js'
import { addCookies } from '../../../sdk/http/node/own-headers.js'
import { SessionHubError } from '../../../sdk/protocol/errors.js'
import { hubPaths } from '../../../sdk/protocol/wire.js'
import type { HubContext } from '../../flows/context.js'
import { ownSessions } from '../../flows/own-sessions.js'
import type { SiteRegistry } from '../../sites/registry.js'
import type { Limiters } from '../limits.js'
import { hasOptedOut } from '../opt-out.js'
import { sendRefusedPage } from '../page.js'
import { renewedCookies } from '../renewal.js'
import type { HubRequest } from '../request.js'
import { sendYou, startContent, youContent } from './document.js'
import { takeDone } from './done.js'
import { sendFault } from './fault.js'
import { formTag, isLedHere, ownHandles } from './request.js'

export const youPageRoute = (hub: HubContext, sites: SiteRegistry, limiters: Limiters) => {
  const { host } = new URL(hub.origin)

  return async (req: HubRequest, res: ServerResponse): Promise<void> => {
    // Frames, images and prefetches get the same refusal for every visitor (R14).
    if (!isNavigation(req) || (req.headers['sec-fetch-dest'] !== 'document' && !saysNothing(req))) {
      const refused = new SessionHubError('request_invalid', 'This page is only for a window of its own')
      sendRefusedPage(res, hub.log, refused, hubPaths.you, undefined)
      return
    }
    // R39: a stranger's link looks nothing up and sets no cookie. A visitor who was sent here continues with a click.
    if (isLedHere(req) && !isOwnLink(req)) {
      sendYou(res, 200, startContent(host))
      return
    }
    try {
      await show(req, res)
    } catch (thrown) {
      sendFault(hub, res, thrown)
    }
  }

  /** A browser without Fetch Metadata names the referring page, and a stranger cannot forge this one. */
  function isOwnLink(req: HubRequest): boolean {
    return saysNothing(req) && req.headers.referer?.startsWith(`${hub.origin}${hubPaths.you}`) === true
  }

  async function show(req: HubRequest, res: ServerResponse): Promise<void> {
    await limiters.address(req.ip, 'you')
    const handles = ownHandles(req)
    for (const { hash } of handles) await limiters.session(hash, 'you')
    const isOff = hasOptedOut(req.headers, { group: '' })
    const own = isOff ? [] : await ownSessions(hub, sites, handles)
    const { tag, cookies } = formTag(hub, req, handles)
    for (const { group } of own) addCookies(res, await renewedCookies(hub, req, { group }, hubPaths.you))
    addCookies(res, cookies)
    sendYou(res, 200, youContent({ own, isOff, done: takeDone(req, res), tag }))
  }
}
