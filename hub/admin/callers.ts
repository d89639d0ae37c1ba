/** Finds out who calls the programming interface, and whether a stranger's page may have caused the request. */
import type { Request } from 'express'

import { SessionHubError } from '../../sdk/protocol/errors.js'
import { exchangeHeader } from '../../sdk/protocol/wire.js'
import type { Actor } from '../flows/administer.js'
import type { Guard } from './guard.js'
import { isForeign } from './own.js'

/** Identifies a reader. No page of another origin can see what is read here, nor may it cause a look, because looks appear in the audit. */
export async function reader(origin: string, guard: Guard, req: Request): Promise<Actor> {
  const program = await guard.bearer(req)
  if (program) return program
  const by = await guard.who(req)
  if (!by) throw nobody()
  if (isForeign(req, origin))
    throw new SessionHubError('origin_denied', 'A page of another site may not send this request')
  return by
}

/**
 * Identifies a caller who acts. A program shows its token itself. Any other proof of identity may be something that a browser adds to a stranger's
 * request: then the request has to be one that no stranger's page can make (R16, R32), and with the hub's own sign-in it has to come from a browser.
 */
export async function actor(origin: string, guard: Guard, req: Request): Promise<Actor> {
  const program = await guard.bearer(req)
  if (program) return program
  const { origin: from, 'sec-fetch-site': relation = 'same-origin', [exchangeHeader]: own } = req.headers
  const by = await guard.who(req)
  if (!by) throw nobody()
  const isOwn = from === origin || (from === undefined && !by.signIn)
  if (!isOwn || relation !== 'same-origin' || own !== '1')
    throw new SessionHubError(
      'origin_denied',
      `Only pages of this hub may send this request, with "${exchangeHeader}: 1"`,
    )
  return by
}

const nobody = () => new SessionHubError('sign_in_required', 'The caller is not an administrator of this hub')
