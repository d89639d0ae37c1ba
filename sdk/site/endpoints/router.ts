/** A site's endpoints. */
import { readJsonBody } from '../../http/body.js'
import { countedHeader } from '../../http/counted-as.js'
import { pathOf } from '../../http/navigation.js'
import { perAddressPerMinute, perMinute } from '../../http/rate-limit.js'
import { errorReply, jsonReply, type Reply } from '../../http/reply.js'
import { type SdkAsset, sdkReply } from '../../http/sdk-asset.js'
import { limits, sitePaths } from '../../protocol/wire.js'
import { hostsOf, type Log, logError } from '../../settings/log.js'
import { createProxyHint } from '../../settings/proxy-hint.js'
import type { SiteContext } from '../context.js'
import type { AppSettings } from '../options.js'
import type { Visit } from '../visit.js'
import { finishLink, takeLink } from './enter.js'
import { forgetSharing } from './forget.js'
import { requireOwnHost, requireOwnPage } from './guard.js'
import type { Limit } from './limit.js'
import { createSisters, listSisters, makeLinkTicket } from './link.js'
import type { Live } from './live.js'
import { makeOffer } from './offer.js'
import { pathBelow } from './path-below.js'
import { redeemTicket } from './redeem.js'
import { beginRedirect, finishRedirect } from './redirect.js'
import { makeServiceToken } from './token.js'

/** A step counts the request itself: even a visitor who comes too often is sent on, not left at an error. */
type Step = (site: SiteContext, visit: Visit, limit: Limit) => Promise<Reply | undefined>
type Endpoint = (site: SiteContext, visit: Visit, body: unknown) => Promise<object>

/** Answers a request for an endpoint of this site. @returns a promise that resolves once it is answered, or `undefined` for any other request */
export type Answer = (site: SiteContext, visit: Visit) => Promise<true> | undefined

/** Per session and minute. One is enough; more are double clicks, or a page that tries again. */
const SIGN_OUTS = 60

const DONE = Promise.resolve<true>(true)

export interface EndpointParts {
  readonly settings: AppSettings
  readonly live: Live
  readonly sdk: SdkAsset
  readonly log: Log
}

/** All sites of one application share it, but each is counted separately (R38). */
export function createEndpoints({ settings, live, sdk, log }: EndpointParts): Answer {
  const { endpoint, perAddress } = settings
  const below = pathBelow(endpoint)
  const limit = perAddressPerMinute(perAddress)
  const limitSignOut = perMinute(SIGN_OUTS)
  const sisters = createSisters(settings)
  const hintAtProxy = createProxyHint(log)
  // Matched by hand, so that the application's other requests cost only one comparison.
  const endpoints = new Map<string, Endpoint>([
    [sitePaths.offer, makeOffer],
    [sitePaths.redeem, redeemTicket],
    [sitePaths.forget, forgetSharing],
    [sitePaths.link, makeLinkTicket],
    ...(settings.audiences.length > 0 ? [[sitePaths.token, makeServiceToken] as const] : []),
    [sitePaths.sisters, (site, _visit, body) => listSisters(sisters, site, body)],
    [
      sitePaths.signOut,
      async (site, visit) => {
        // R38: counted by session, so that neither other sessions' requests nor other requests of the same session can prevent the sign-out.
        const { sk, jti } = (await site.sessions.ownClaims(visit)) ?? {}
        const session = sk ?? jti
        if (session !== undefined) await limitSignOut(session)
        await site.sessions.end(visit, false)
        return {}
      },
    ],
  ])

  /** The addresses that a visitor's own window visits, by method and path. */
  const steps = new Map<string, Step>([
    [`POST ${sitePaths.enter}`, takeLink],
    [`GET ${sitePaths.enter}`, finishLink],
    [`GET ${sitePaths.redirect}`, beginRedirect],
    [`GET ${sitePaths.callback}`, finishRedirect],
    ...(settings.live ? [[`GET ${sitePaths.live}`, live.listen] as const] : []),
  ])

  async function pass(step: Step, path: string, site: SiteContext, visit: Visit): Promise<Reply | undefined> {
    requireOwnHost(visit, site.settings)
    await site.storage.look(visit)
    // R38: a window that another site's page leads here is counted separately from this site's own.
    const from = visit.headers['sec-fetch-site'] === 'same-origin' ? 'own' : 'led'
    return step(site, visit, () => limit(visit.address, `${site.settings.origin} ${path} ${from}`))
  }

  async function serve(act: Endpoint, path: string, site: SiteContext, visit: Visit): Promise<Reply> {
    requireOwnPage(visit, site.settings)
    if (path !== sitePaths.signOut) await limit(visit.address, `${site.settings.origin} ${path}`)
    const answer = await act(site, visit, await readJsonBody(visit))
    return jsonReply(
      200,
      answer,
      path === sitePaths.sisters ? countedHeader(visit.headers, visit.address) : {},
    )
  }

  return (site, visit) => {
    const { method, url } = visit
    const rest = below(url)
    if (rest === undefined) return undefined
    if (url.length > limits.addressLength) {
      visit.refuseAddress()
      return DONE
    }
    hintAtProxy(() => visit.isProxyUntrusted)
    const path = pathOf(rest)
    const isRead = method === 'GET' || method === 'HEAD'
    const file = isRead ? sdk.fileAt(path) : undefined
    if (file) {
      visit.reply(sdkReply(visit.headers, file))
      return DONE
    }
    if (isRead && path === sitePaths.jwks) {
      visit.reply(jsonReply(200, publicKeysOf(site), { 'cache-control': 'public, max-age=300' }))
      return DONE
    }
    const step = steps.get(`${method ?? ''} ${path}`)
    const act = endpoints.get(path)
    const answering = step ? pass(step, path, site, visit) : act && serve(act, path, site, visit)
    return answering?.then(
      (reply) => {
        if (reply) visit.reply(reply)
        return true as const
      },
      (thrown: unknown) => {
        const isMisused = act && !step && method !== 'POST'
        const reply = errorReply(thrown, isMisused ? { allow: 'POST' } : {})
        visit.reply(reply)
        logError(
          log,
          reply.error,
          endpoint + path,
          hostsOf(reply.error, visit.headers.host, site.settings.host),
        )
        return true as const
      },
    )
  }
}

/** A secret has no public half and is not in the list (R36). */
const publicKeysOf = ({ settings }: SiteContext) => ({
  keys: settings.sessionKeys.flatMap(({ publicJwk }) => publicJwk ?? []),
})
