/** `POST /backchannel/<act>`: a site's backend speaks to the hub. Server to server, so no browser header plays a part. */
import type { ServerResponse } from 'node:http'

import { readJsonBody } from '../../sdk/http/body.js'
import { sendJson } from '../../sdk/http/reply.js'
import {
  parseBackchannelRedeem,
  parseHandleBody,
  parseSignInBody,
  parseUpdateBody,
} from '../../sdk/protocol/bodies.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { type BackchannelAct, backchannelActs, hubPaths, limits } from '../../sdk/protocol/wire.js'
import type { HubContext } from '../flows/context.js'
import { redeem } from '../flows/redeem.js'
import { signIn } from '../flows/sign-in.js'
import { endSession, readSession, updateSession } from '../flows/site-acts.js'
import type { HubRequest } from './address.js'
import type { Limiters } from './limits.js'
import type { Authenticate } from './site-token.js'

type Act = (hub: HubContext, site: string, body: unknown) => Promise<object>

const acts: Record<BackchannelAct, Act> = {
  redeem: (hub, site, body) => redeem(hub, site, parseBackchannelRedeem(body)),
  read: (hub, site, body) => readSession(hub, site, parseHandleBody(body)),
  update: (hub, site, body) => updateSession(hub, site, parseUpdateBody(body)),
  'sign-in': (hub, site, body) => signIn(hub, site, parseSignInBody(body)),
  end: (hub, site, body) => endSession(hub, site, parseHandleBody(body)),
}

/** Claims and data have their own full depth, below the body's object. */
const DEPTH = limits.jsonDepth + 1

export const backchannelRoute =
  (hub: HubContext, authenticate: Authenticate, limiters: Limiters) =>
  async (req: HubRequest, res: ServerResponse): Promise<void> => {
    const name = req.url.slice(hubPaths.backchannel.length + 1)
    const act = backchannelActs.find((known) => known === name)
    if (!act) throw new SessionHubError('not_found', 'There is no such act on the back-channel')
    const site = await authenticate(req)
    await limiters.site(site.origin)
    sendJson(res, 200, await acts[act](hub, site.origin, await readJsonBody(req, DEPTH)))
  }
