/** `POST <endpoint>/offer`: the site states, under its signature, which session this browser holds here. */
import type { Request, Response } from 'express'

import { type OfferReply, parseOfferBody } from '../protocol/bodies.js'
import { toSessionHubError } from '../protocol/errors.js'
import { limits } from '../protocol/wire.js'
import { random128, sha256 } from '../tokens/random.js'
import { signToken } from '../tokens/sign.js'
import type { SiteContext } from './context.js'
import { loadSession } from './load.js'
import { isCode } from './session.js'

export const makeOffer = (
  site: SiteContext,
  req: Request,
  res: Response,
  body: unknown,
): Promise<OfferReply> => offerFor(site, req, res, parseOfferBody(body).nonce)

/** @param nonce the frame's; in a redirect the hub's own (R13) */
export async function offerFor(
  site: SiteContext,
  req: Request,
  res: Response,
  nonce: string,
): Promise<OfferReply> {
  const { settings, hub } = site
  if (!(await settings.mayShare(req))) return { offer: null }
  const session = await loadSession(site, req, res)
  const { handle, endReason: ended } = session
  if (handle === null) return { offer: null, ...(ended && { ended }) }
  try {
    // The page asks because something has changed, so what is known here is not good enough.
    const view = await hub.read(handle)
    await session.accept(view, handle)
  } catch (error) {
    if (!isCode(error, 'session_ended')) throw error
    session.over(toSessionHubError(error))
    return { offer: null, ...(session.endReason && { ended: session.endReason }) }
  }
  const iat = Math.floor(settings.now() / 1000)
  const claims = {
    iss: settings.origin,
    aud: settings.hub,
    sid: sha256(handle),
    jti: random128(),
    iat,
    exp: iat + limits.ticketSeconds.default,
    nonce,
    ...(settings.alwaysReplace && { yields: true }),
  }
  return { offer: await signToken('offer+jwt', claims, settings.signingKey) }
}
