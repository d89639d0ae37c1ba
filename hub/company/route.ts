/** `POST /backchannel-logout`: an identity provider reports that somebody has signed out there (OpenID Connect Back-Channel Logout 1.0). */
import { readForm } from '../../sdk/http/body.js'
import { bodyOf } from '../../sdk/http/node/body.js'
import { sendReply } from '../../sdk/http/node/reply.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { endByCompany } from '../flows/company-sessions.js'
import type { HubContext } from '../flows/context.js'
import type { Limiters } from '../routes/limits.js'
import type { Route } from '../routes/request.js'
import { createReadLogoutToken } from './logout-token.js'
import type { IssuerSettings } from './options.js'

export function createCompanyRoute(
  hub: HubContext,
  issuers: readonly IssuerSettings[],
  limiters: Limiters,
): Route {
  const read = createReadLogoutToken(issuers, hub.now)
  return async (req, res) => {
    await limiters.address(req.ip, 'company')
    const tokens = (await readForm(bodyOf(req))).getAll('logout_token')
    const [token] = tokens
    if (token === undefined || tokens.length > 1)
      throw new SessionHubError('logout_token_invalid', 'The form has to hold one "logout_token"')
    const signOut = await read(token)
    const ended = await endByCompany(hub, signOut)
    hub.log({ level: 'info', event: 'company_sign_out', issuer: signOut.issuer, sessions: ended })
    sendReply(res, { status: 200, headers: { 'cache-control': 'no-store' }, body: '' })
  }
}
