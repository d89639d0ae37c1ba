/** `POST <endpoint>/forget`: the visitor stops sharing on this site, or shares again. */
import { COOKIE_SECONDS, setCookie } from '../../http/cookies.js'
import { parseForgetBody } from '../../protocol/bodies.js'
import { cookieNames } from '../../protocol/wire.js'
import type { SiteContext } from '../context.js'
import { requireNotActing, whileItLives } from '../session/index.js'
import type { Visit } from '../visit.js'

export async function forgetSharing(site: SiteContext, visit: Visit, body: unknown): Promise<object> {
  const { off } = parseForgetBody(body)
  // R43: otherwise the administrator's browser would stop sharing.
  requireNotActing(await site.sessions.load(visit))
  // Before anything that can fail, and even if nothing else may be stored, because the visitor has asked for it.
  if (off !== undefined)
    visit.addCookies([
      setCookie(cookieNames.off, off ? '1' : '', { sameSite: 'Lax', httpOnly: false }, COOKIE_SECONDS),
    ])
  if (off === false) return {}
  const session = await site.sessions.load(visit)
  // A session that has ended need not be separated.
  const parted = await whileItLives(session, (handle) => site.hub.part(handle))
  if (parted?.handle !== undefined) await session.accept(parted, parted.handle)
  return {}
}
