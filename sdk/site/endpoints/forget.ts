/** `POST <endpoint>/forget`: the visitor shares nothing on this site from now on, or does again. */
import { COOKIE_SECONDS, setCookie } from '../../http/cookies.js'
import { parseForgetBody } from '../../protocol/bodies.js'
import { cookieNames } from '../../protocol/wire.js'
import type { SiteContext } from '../context.js'
import { requireNotActing, whileItLives } from '../session/index.js'
import type { Visit } from '../visit.js'

export async function forgetSharing(site: SiteContext, visit: Visit, body: unknown): Promise<object> {
  const { off } = parseForgetBody(body)
  // R43: it would be the administrator's browser that shares nothing.
  requireNotActing(await site.sessions.load(visit))
  // Before anything that can fail, and whatever else may be stored: the visitor has said so.
  if (off !== undefined)
    visit.addCookies([
      setCookie(cookieNames.off, off ? '1' : '', { sameSite: 'Lax', httpOnly: false }, COOKIE_SECONDS),
    ])
  if (off === false) return {}
  const session = await site.sessions.load(visit)
  // What has ended has nothing to part from.
  const parted = await whileItLives(session, (handle) => site.hub.part(handle))
  if (parted?.handle !== undefined) await session.accept(parted, parted.handle)
  return {}
}
