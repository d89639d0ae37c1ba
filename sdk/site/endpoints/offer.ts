/** `POST <endpoint>/offer`: the site signs a statement of which session this browser holds here. */
import { type OfferReply, parseOfferBody } from '../../protocol/bodies.js'
import { limits } from '../../protocol/wire.js'
import { random128, sha256 } from '../../tokens/random.js'
import { signToken } from '../../tokens/sign.js'
import type { SiteContext } from '../context.js'
import { whileItLives } from '../session/index.js'
import type { Visit } from '../visit.js'

export const makeOffer = (site: SiteContext, visit: Visit, body: unknown): Promise<OfferReply> =>
  offerFor(site, visit, parseOfferBody(body).nonce)

/** @param nonce the frame's nonce; in a redirect the hub's own (R13) */
export async function offerFor(site: SiteContext, visit: Visit, nonce: string): Promise<OfferReply> {
  const { settings, hub } = site
  if (!(await site.mayShare(visit))) return { offer: null }
  const session = await site.sessions.load(visit)
  // The page asks because something has changed, so what this site already knows is not recent enough.
  const handle = await whileItLives(session, async (own) => {
    await session.accept(await hub.read(own), own)
    return own
  })
  // R43: a session in which an administrator acts as a user is nobody's own, and is never offered.
  if (session.actor) return { offer: null }
  if (handle === undefined) return { offer: null, ...(session.endReason && { ended: session.endReason }) }
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
