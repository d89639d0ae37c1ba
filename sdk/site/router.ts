/** A site's endpoints. */
import type { Request, RequestHandler, Response } from 'express'

import { readJsonBody } from '../http/body.js'
import { refuseLongAddress } from '../http/long-address.js'
import { pathOf } from '../http/navigation.js'
import { perAddressPerMinute, perMinute } from '../http/rate-limit.js'
import { sendError, sendJson } from '../http/reply.js'
import { type SdkAsset, sendSdk } from '../http/sdk-asset.js'
import { sitePaths } from '../protocol/wire.js'
import { logError } from '../settings/log.js'
import { answerOf } from './answer.js'
import type { SiteContext } from './context.js'
import { finishLink, takeLink } from './enter.js'
import { forgetSharing } from './forget.js'
import { requireOwnHost, requireOwnPage } from './guard.js'
import type { Limit } from './limit.js'
import type { Live } from './live.js'
import { ownClaims } from './load.js'
import { createSisters, listSisters, makeLinkTicket } from './link.js'
import { makeOffer } from './offer.js'
import { redeemTicket } from './redeem.js'
import { beginRedirect, finishRedirect } from './redirect.js'
import { signOut } from './sign.js'

/** It counts the request itself: even a visitor who comes too often is led on, not left at an error. */
type Step = (site: SiteContext, req: Request, res: Response, limit: Limit) => Promise<void>
type Endpoint = (req: Request, res: Response, body: unknown) => Promise<object>

/** Of one session per minute. One is enough; more are double clicks, or a page that tries again. */
const SIGN_OUTS = 60

export interface SiteParts {
  readonly live: Live
  readonly sdk: SdkAsset
}

export function createSiteRouter(site: SiteContext, { live, sdk }: SiteParts): RequestHandler {
  const { settings } = site
  const { endpoint, perAddress } = settings
  const limit = perAddressPerMinute(perAddress)
  const limitSignOut = perMinute(SIGN_OUTS)
  const sisters = createSisters(site)
  // A secret has no public half, and is not in the list (R36).
  const jwks = { keys: settings.sessionKeys.flatMap(({ publicJwk }) => publicJwk ?? []) }
  // Matched by hand: an application's other requests pass with one comparison.
  const endpoints = new Map<string, Endpoint>([
    [sitePaths.offer, (req, res, body) => makeOffer(site, req, res, body)],
    [sitePaths.redeem, (req, res, body) => redeemTicket(site, req, res, body)],
    [sitePaths.forget, (req, res, body) => forgetSharing(site, req, res, body)],
    [sitePaths.link, (req, res, body) => makeLinkTicket(site, req, res, body)],
    [sitePaths.sisters, (_req, _res, body) => listSisters(sisters, body)],
    [
      sitePaths.signOut,
      async (req, res) => {
        // R38: by the session, so that neither another's requests nor its own other ones can lock a visitor in.
        const { sk, jti } = (await ownClaims(site, req)) ?? {}
        const session = sk ?? jti
        if (session !== undefined) await limitSignOut(session)
        await signOut(site, req, res)
        return {}
      },
    ],
  ])

  /** Where a visitor's own window comes by, method and path. */
  const steps = new Map<string, Step>([
    [`POST ${sitePaths.enter}`, takeLink],
    [`GET ${sitePaths.enter}`, finishLink],
    [`GET ${sitePaths.redirect}`, beginRedirect],
    [`GET ${sitePaths.callback}`, finishRedirect],
    ...(settings.live ? [[`GET ${sitePaths.live}`, live.listen] as const] : []),
  ])

  async function pass(step: Step, path: string, req: Request, res: Response): Promise<void> {
    requireOwnHost(req, site.settings)
    // R38: a window that another site's page leads here is counted apart from this site's own.
    const from = req.headers['sec-fetch-site'] === 'same-origin' ? 'own' : 'led'
    await step(site, req, res, () => limit(req.ip, `${path} ${from}`))
  }

  async function serve(act: Endpoint, path: string, req: Request, res: Response): Promise<void> {
    if (req.method !== 'POST') res.setHeader('allow', 'POST')
    requireOwnPage(req, site.settings)
    if (path !== sitePaths.signOut) await limit(req.ip, path)
    sendJson(res, 200, await act(req, res, await readJsonBody(req)))
  }

  return (req, given, next) => {
    if (!req.url.startsWith(`${endpoint}/`)) {
      next()
      return
    }
    const res = answerOf(req, given)
    if (refuseLongAddress(req, res)) return
    const path = pathOf(req.url).slice(endpoint.length)
    const refuse = (thrown: unknown) => {
      logError(site.log, sendError(res, thrown), endpoint + path)
    }
    const file = sdk.fileAt(path)
    if (file && (req.method === 'GET' || req.method === 'HEAD')) {
      sendSdk(req, res, file)
      return
    }
    if (path === sitePaths.jwks && (req.method === 'GET' || req.method === 'HEAD')) {
      sendJson(res, 200, jwks, { 'cache-control': 'public, max-age=300' })
      return
    }
    const step = steps.get(`${req.method} ${path}`)
    if (step) {
      pass(step, path, req, res).catch(refuse)
      return
    }
    const act = endpoints.get(path)
    if (!act) {
      next()
      return
    }
    serve(act, path, req, res).catch(refuse)
  }
}
