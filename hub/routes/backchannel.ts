/** `POST /backchannel/<act>`: a site's backend speaks to the hub. This is server to server, so browser headers do not matter. */
import type { ServerResponse } from 'node:http'

import { readJsonBody } from '../../sdk/http/body.js'
import { bodyOf } from '../../sdk/http/node/body.js'
import { sendJson } from '../../sdk/http/node/reply.js'
import {
  parseActAsBody,
  parseBackchannelLink,
  parseBackchannelRedeem,
  parseClaimsBody,
  parseEmptyBody,
  parseEndBody,
  parseEndOtherBody,
  parseHandleBody,
  parseKeysBody,
  parsePartBody,
  parseSignInBody,
  parseStopActingBody,
  parseUpdateBody,
} from '../../sdk/protocol/bodies.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import type { Json } from '../../sdk/protocol/json.js'
import { type BackchannelAct, backchannelActs, hubPaths, limits } from '../../sdk/protocol/wire.js'
import type { Traces } from '../../sdk/settings/traces.js'
import { sha256 } from '../../sdk/tokens/random.js'
import { actAs, stopActing } from '../flows/act-as.js'
import { changeClaims } from '../flows/claims.js'
import type { HubContext } from '../flows/context.js'
import { linkTicket } from '../flows/link.js'
import { endOther, listOwn } from '../flows/listed.js'
import { partSession } from '../flows/part.js'
import { redeem } from '../flows/redeem.js'
import { signIn } from '../flows/sign-in.js'
import { endSession, readSession, updateSession } from '../flows/site-acts.js'
import { acceptKeys } from '../flows/keys.js'
import { byHandle } from '../flows/trace.js'
import type { SiteRegistry } from '../sites/registry.js'
import type { Site } from '../sites/site.js'
import type { HubRequest } from './request.js'
import type { Limiters } from './limits.js'
import type { Authenticate } from './site-token.js'

interface Parts {
  readonly sites: SiteRegistry
  readonly limiters: Limiters
  /** The network address of the site's backend. */
  readonly from: string
}

type Act = (hub: HubContext, site: Site, body: unknown, parts: Parts) => object | Promise<object>

const acts: Record<BackchannelAct, Act> = {
  async redeem(hub, site, body) {
    try {
      const view = await redeem(hub, site, parseBackchannelRedeem(body))
      hub.meter?.redeemed('redeemed')
      return view
    } catch (thrown) {
      hub.meter?.redeemed('refused')
      throw thrown
    }
  },
  read: (hub, site, body) => byHandle(hub, site, parseHandleBody(body), readSession),
  update: (hub, site, body) => byHandle(hub, site, parseUpdateBody(body), updateSession),
  claims: (hub, site, body, { sites }) =>
    byHandle(hub, site, parseClaimsBody(body), (...asked) => changeClaims(...asked, sites)),
  'sign-in': (hub, site, body) => signIn(hub, site, parseSignInBody(body)),
  end: (hub, site, body, { from }) => endSession(hub, site, parseEndBody(body), from),
  'act-as': (hub, site, body, { from }) =>
    byHandle(hub, site, parseActAsBody(body), (...asked) => actAs(...asked, from)),
  'stop-acting': (hub, site, body, { from }) =>
    byHandle(hub, site, parseStopActingBody(body), (...asked) => stopActing(...asked, from)),
  list: (hub, site, body, { sites }) => listOwn(hub, sites, site, parseHandleBody(body)),
  'end-other': (hub, site, body, { sites }) => endOther(hub, sites, site, parseEndOtherBody(body)),
  async link(hub, site, body, { sites, limiters }) {
    const asked = parseBackchannelLink(body)
    try {
      await limiters.session(sha256(asked.handle), `${site.registeredAs} frame`)
      const told = await linkTicket(hub, sites, site, asked)
      hub.meter?.synced('link', told.ticket === null ? 'none' : 'replace')
      return told
    } catch (thrown) {
      hub.meter?.synced('link', 'failed')
      throw thrown
    }
  },
  part: (hub, site, body) => byHandle(hub, site, parsePartBody(body), partSession),
  sisters: (_hub, { sisters }, body) => {
    parseEmptyBody(body)
    return { sisters }
  },
  keys: (_hub, site, body) => acceptKeys(site, parseKeysBody(body)),
}

/** Claims and data have their own full depth, below the object of the body. */
export const ACT_DEPTH = limits.jsonDepth + 1

/**
 * Counts an act of a site, then performs it.
 *
 * @param body is not read before the act is counted
 * @param traceparent the trace to which the site says that the act belongs (W3C Trace Context)
 */
export type Perform = (
  act: BackchannelAct,
  site: Site,
  ip: string | undefined,
  body: () => Json | Promise<Json>,
  traceparent?: string,
) => Promise<object>

export const createPerform =
  (hub: HubContext, sites: SiteRegistry, limiters: Limiters, traces: Traces | undefined): Perform =>
  (act, site, ip, body, traceparent) => {
    const perform = async () => {
      // R38: a site can always sign its visitors out, whatever else they ask for.
      await limiters.site(act === 'end' ? `${site.registeredAs} end` : site.registeredAs)
      return acts[act](hub, site, await body(), { sites, limiters, from: ip ?? 'unknown' })
    }
    if (!traces) return perform()
    return traces.span({ kind: 'server', name: act, site: site.origin, parent: traceparent }, perform)
  }

export const backchannelRoute =
  (authenticate: Authenticate, limiters: Limiters, perform: Perform) =>
  async (req: HubRequest, res: ServerResponse): Promise<void> => {
    const name = req.url.slice(hubPaths.backchannel.length + 1)
    const act = backchannelActs.find((known) => known === name)
    if (!act) {
      await limiters.address(req.ip, 'stranger')
      throw new SessionHubError('not_found', 'The back-channel has no such act')
    }
    const site = await authenticate(req)
    const { traceparent } = req.headers
    const body = () => readJsonBody(bodyOf(req), ACT_DEPTH)
    const from = typeof traceparent === 'string' ? traceparent : undefined
    sendJson(res, 200, await perform(act, site, req.ip, body, from))
  }
