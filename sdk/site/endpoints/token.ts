/** `POST <endpoint>/token`: a page asks for a token for a service on another host. */
import { parseTokenBody, type TokenReply } from '../../protocol/bodies.js'
import type { SiteContext } from '../context.js'
import type { Visit } from '../visit.js'

export async function makeServiceToken(site: SiteContext, visit: Visit, body: unknown): Promise<TokenReply> {
  const { audience } = parseTokenBody(body)
  const session = await site.sessions.load(visit)
  const { token, seconds } = await session.issueFor(audience)
  return { token, expires_in: seconds }
}
