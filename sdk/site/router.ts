/** A site's endpoints. */
import type { Request, RequestHandler, Response } from 'express'

import { readJsonBody } from '../http/body.js'
import { perAddressPerMinute } from '../http/rate-limit.js'
import { sendError, sendJson } from '../http/reply.js'
import { type SdkAsset, sendSdk } from '../http/sdk-asset.js'
import { sitePaths } from '../protocol/wire.js'
import { logError } from '../settings/log.js'
import type { SiteContext } from './context.js'
import { requireOwnPage } from './guard.js'
import { makeOffer } from './offer.js'
import type { PendingEnds } from './pending-ends.js'
import { redeemTicket } from './redeem.js'
import { signOut } from './sign.js'

type Endpoint = (req: Request, res: Response, body: unknown) => Promise<object>

export function createSiteRouter(site: SiteContext, pending: PendingEnds, sdk: SdkAsset): RequestHandler {
  const { endpoint, perAddress } = site.settings
  const limit = perAddressPerMinute(perAddress)
  // Matched by hand: an application's other requests pass with one comparison.
  const endpoints = new Map<string, Endpoint>([
    [sitePaths.offer, (req, res, body) => makeOffer(site, req, res, body)],
    [sitePaths.redeem, (req, res, body) => redeemTicket(site, req, res, body)],
    [
      sitePaths.signOut,
      async (req, res) => {
        await signOut(site, pending, req, res)
        return {}
      },
    ],
  ])

  async function serve(act: Endpoint, req: Request, res: Response): Promise<void> {
    await limit(req.ip)
    if (req.method !== 'POST') res.setHeader('allow', 'POST')
    requireOwnPage(req, site.settings)
    sendJson(res, 200, await act(req, res, await readJsonBody(req)))
  }

  return (req, res, next) => {
    if (!req.url.startsWith(`${endpoint}/`)) {
      next()
      return
    }
    const path = req.url.slice(endpoint.length)
    const isRead = req.method === 'GET' || req.method === 'HEAD'
    if (isRead && (path === sitePaths.sdk || path === sdk.versionedPath)) {
      sendSdk(req, res, sdk, path !== sitePaths.sdk)
      return
    }
    const act = endpoints.get(path)
    if (!act) {
      next()
      return
    }
    serve(act, req, res).catch((thrown: unknown) => {
      logError(site.log, sendError(res, thrown), req.url)
    })
  }
}
