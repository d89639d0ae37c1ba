/** All of the hub's endpoints. Requests that a browser or a site waits for are matched by hand, before anything else runs. */
import type { IncomingMessage, ServerResponse } from 'node:http'

import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import helmet from 'helmet'

import { refuseLongAddress } from '../../sdk/http/node/long-address.js'
import { pathOf } from '../../sdk/http/navigation.js'
import { sendError, sendReply } from '../../sdk/http/node/reply.js'
import { isProxyUntrusted } from '../../sdk/http/node/untrusted-proxy.js'
import { SDK_PATH, type SdkAsset, sdkReply } from '../../sdk/http/sdk-asset.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { hubPaths } from '../../sdk/protocol/wire.js'
import { logError } from '../../sdk/settings/log.js'
import { createProxyHint } from '../../sdk/settings/proxy-hint.js'
import type { Traces } from '../../sdk/settings/traces.js'
import type { HubContext } from '../flows/context.js'
import { proofMs } from '../flows/tags.js'
import type { PageScripts } from '../page-scripts.js'
import type { SiteRegistry } from '../sites/registry.js'
import { visibleFrame } from './access-frame.js'
import { peerAddress } from '../../sdk/http/node/peer-address.js'
import type { HubRequest, Route } from './request.js'
import { type RouteName, routeName } from './route-name.js'
import { backchannelRoute, createPerform } from './backchannel.js'
import { batchRoute } from './batch.js'
import { discoveryRoute, healthRoute, readyRoute } from './documents.js'
import { eventsRoute, type Feed } from './events.js'
import { exchangeRoute } from './exchange.js'
import { createFindSite } from './find-site.js'
import { forgetRoute } from './forget.js'
import { busyFrameRoute, frameRoute, hiddenFrame } from './frame.js'
import type { Limiters } from './limits.js'
import { lookRoute } from './look.js'
import { type Overload, overloadedReply, type Urgency } from './overload.js'
import { redirectRoute } from './redirect.js'
import { createAuthenticate } from './site-token.js'
import { unlockPageRoute, unlockRoute } from './unlock.js'
import { youActRoute } from './you/act.js'
import { youPageRoute } from './you/page-route.js'

export interface RouterParts {
  readonly hub: HubContext
  readonly sites: SiteRegistry
  readonly limiters: Limiters
  readonly overload: Overload
  readonly sdk: SdkAsset
  readonly scripts: PageScripts
  readonly feed: Feed
  /** The router of `/admin`, if it is configured. */
  readonly admin: RequestHandler | undefined
  /** Handles sign-outs at the company's identity provider, if one is configured. */
  readonly company: Route | undefined
  /** Counts the requests, if metrics are configured. */
  readonly meter: RequestMeter | undefined
  /** Traces the requests, if tracing is configured. */
  readonly traces: Traces | undefined
}

interface RequestMeter {
  requested(route: RouteName, status: number, seconds: number): void
}

export interface HubRouter {
  /** All endpoints, for an Express application. */
  readonly router: RequestHandler
  /** Answers the requests that browsers and sites wait for. Returns `false` for all others. */
  readonly direct: (req: IncomingMessage, res: ServerResponse, proxyHops: number) => boolean
}

export function createRouter(given: RouterParts): HubRouter {
  const { hub, sites, limiters, overload, sdk, scripts, feed, admin, company, meter, traces } = given
  const findSite = createFindSite(sites, limiters)
  const parts = { hub, findSite, limiters }
  const frame = frameRoute({
    ...parts,
    path: hubPaths.frame,
    script: scripts.frame,
    appearance: hiddenFrame,
    proofMs: proofMs.hidden,
  })
  const busyFrame = busyFrameRoute(sites, scripts.frame, overloadedReply)
  const access = frameRoute({
    ...parts,
    path: hubPaths.access,
    script: scripts.access,
    appearance: visibleFrame(hub.origin),
    proofMs: proofMs.visible,
  })
  const unlockPage = unlockPageRoute(hub, findSite, limiters, scripts.unlock)
  const unlock = only('POST', unlockRoute(hub, limiters), 'GET, POST')
  const youPage = youPageRoute(hub, sites, limiters)
  const youAct = only('POST', youActRoute(hub, sites, limiters), 'GET, POST')
  const forget = only('POST', forgetRoute(hub, sites, limiters))
  const look = only('POST', lookRoute(hub, sites, limiters))
  const exchange = only('POST', exchangeRoute(hub, sites, limiters))
  const redirect = redirectRoute(hub, findSite, limiters)
  const authenticate = createAuthenticate(hub, sites, limiters)
  const perform = createPerform(hub, sites, limiters, traces)
  const backchannel = only('POST', backchannelRoute(authenticate, limiters, perform))
  const batch = only('POST', batchRoute(hub.log, authenticate, limiters, perform))
  const events = only('GET', eventsRoute({ hub, sites, authenticate, limiters, feed }))
  const companySignOut = company && only('POST', company)
  const documents = documentsRouter(hub, sdk)
  const others = admin ? express.Router().use(documents, admin) : documents

  const hintAtProxy = createProxyHint(hub.log)

  const isDocument = (path: string) =>
    DOCUMENT_PATHS.includes(path) || SDK_PATH.test(path) || (admin !== undefined && isAdminPath(path))

  function routeOf(path: string, method: string | undefined): Route | undefined {
    if (path === hubPaths.frame && method === 'GET') return frame
    if (path === hubPaths.exchange) return exchange
    if (path === hubPaths.look) return look
    if (path === hubPaths.forget) return forget
    if (path === hubPaths.access && method === 'GET') return access
    if (path === hubPaths.unlock) return method === 'GET' ? unlockPage : unlock
    if (path === hubPaths.you) return method === 'GET' ? youPage : youAct
    if (path === hubPaths.redirect && method === 'GET') return redirect
    if (path === hubPaths.events) return events
    if (path === hubPaths.companySignOut) return companySignOut
    if (path === hubPaths.batch) return batch
    return path.startsWith(`${hubPaths.backchannel}/`) ? backchannel : undefined
  }

  function serve(route: Route, req: HubRequest, res: ServerResponse): void {
    const path = pathOf(req.url)
    if (overload.refuses(urgencyOf(path))) {
      // This never rejects.
      if (route === frame) void busyFrame(req, res)
      else sendReply(res, overloadedReply)
      meter?.requested(routeName(path), overloadedReply.status, 0)
      return
    }
    hintAtProxy(() => isProxyUntrusted(req, req.ip))
    const beganMs = meter ? performance.now() : 0
    const answering = followed(route, req, res).catch((thrown: unknown) => {
      logError(hub.log, sendError(res, thrown), pathOf(req.url))
    })
    if (meter)
      void answering.then(() => {
        meter.requested(routeName(pathOf(req.url)), res.statusCode, (performance.now() - beganMs) / 1000)
      })
  }

  /** Acts of sites have spans of their own, which begin when it is known which site acts. */
  function followed(route: Route, req: HubRequest, res: ServerResponse): Promise<void> {
    const path = pathOf(req.url)
    if (!traces || path.startsWith(`${hubPaths.backchannel}/`)) return route(req, res)
    return traces.span({ kind: 'server', name: routeName(path) }, () => route(req, res))
  }

  return {
    direct(req, res, proxyHops) {
      const { url = '/', method } = req
      const route = routeOf(pathOf(url), method)
      if (!route) return false
      if (refuseLongAddress(req, res)) return true
      serve(route, Object.assign(req, { url, ip: peerAddress(req, proxyHops) }), res)
      return true
    },
    router(req, res, next) {
      const path = pathOf(req.url)
      const route = routeOf(path, req.method)
      if ((route || isDocument(path)) && refuseLongAddress(req, res)) return
      if (route) serve(route, req, res)
      else others(req, res, next)
    },
  }
}

/** Never refused: streams, sign-outs, opt-outs, and pages that a visitor waits for (R38). */
function urgencyOf(path: string): Urgency {
  if (path === hubPaths.frame) return 'frame'
  const isQuestion =
    path === hubPaths.exchange || path === hubPaths.look || path.startsWith(`${hubPaths.backchannel}/`)
  return isQuestion && path !== SIGN_OUT ? 'question' : 'must'
}

const SIGN_OUT = `${hubPaths.backchannel}/end`

const isAdminPath = (path: string): boolean => path === '/admin' || path.startsWith('/admin/')

const DOCUMENT_PATHS: readonly string[] = [hubPaths.discovery, hubPaths.health, hubPaths.ready]

/** Uses helmet's headers, the policy of a server without pages, and one error answer. */
function documentsRouter(hub: HubContext, sdk: SdkAsset): RequestHandler {
  const router = express.Router()
  // Only on the hub's own paths: in an application's app, other pages keep the application's headers.
  const own = [...DOCUMENT_PATHS, SDK_PATH]
  router.all(
    own,
    helmet({
      contentSecurityPolicy: { useDefaults: false, directives: { 'default-src': ["'none'"] } },
      // The hub cannot decide whether all of the company's subdomains use HTTPS.
      strictTransportSecurity: false,
    }),
  )
  router.get(hubPaths.discovery, discoveryRoute(hub, sdk))
  router.get(hubPaths.health, healthRoute)
  router.get(hubPaths.ready, readyRoute(hub))
  router.get(SDK_PATH, (req, res, next) => {
    const file = sdk.fileAt(req.path)
    if (file) sendReply(res, sdkReply(req.headers, file))
    else next()
  })
  router.all(own, (_req, res) => {
    res.set('allow', 'GET, HEAD')
    throw new SessionHubError('method_not_allowed', 'Use GET for this address')
  })
  router.use(own, ((thrown, req, res, _next) => {
    logError(hub.log, sendError(res, thrown), req.path)
  }) satisfies ErrorRequestHandler)
  return router
}

/** Accepts one method only, and otherwise names what is `allowed`. */
const only =
  (method: 'GET' | 'POST', route: Route, allowed: string = method): Route =>
  (req, res) => {
    if (req.method === method) return route(req, res)
    res.setHeader('allow', allowed)
    return Promise.reject(new SessionHubError('method_not_allowed', `Use ${method} for this address`))
  }
