/** The link rung, at the site with the link: which origins are sisters, and a ticket for one of them before the click. */
import { boundedCache } from '../../http/bounded-cache.js'
import { type LinkReply, parseEmptyBody, parseLinkBody, type SistersReply } from '../../protocol/bodies.js'
import type { SiteContext } from '../context.js'
import type { AppSettings } from '../options.js'
import { isCode } from '../session/index.js'
import type { Visit } from '../visit.js'

/** `POST <endpoint>/link` */
export async function makeLinkTicket(site: SiteContext, visit: Visit, body: unknown): Promise<LinkReply> {
  const { to } = parseLinkBody(body)
  if (!(await site.mayShare(visit))) return { ticket: null }
  const { handle, actor } = await site.sessions.load(visit)
  return handle === null || actor ? { ticket: null } : site.hub.link({ handle, to })
}

/** How long the list of sisters is trusted. */
const SISTERS_MS = 300_000

/** Returns the sisters of a site; each site has its own. */
export type Sisters = (site: SiteContext) => Promise<SistersReply>

/** How many sites' lists are remembered. */
const MOST = 10_000

export function createSisters({ now }: Pick<AppSettings, 'now'>): Sisters {
  const asked = boundedCache<{ readonly reply: Promise<SistersReply>; readonly askedMs: number }>(MOST)

  function ask({ hub, settings: { origin } }: SiteContext): Promise<SistersReply> {
    const before = asked.get(origin)
    if (before && Math.abs(now() - before.askedMs) <= SISTERS_MS) return before.reply
    const asking = { reply: hub.sisters(), askedMs: now() }
    asked.set(origin, asking)
    asking.reply.catch(() => {
      if (asked.peek(origin) === asking) asked.delete(origin)
    })
    return asking.reply
  }

  return async (site) => {
    try {
      return await ask(site)
    } catch (error) {
      // A hub of an older version does not know links.
      if (isCode(error, 'not_found')) return { sisters: [] }
      throw error
    }
  }
}

/** `POST <endpoint>/sisters` */
export async function listSisters(sisters: Sisters, site: SiteContext, body: unknown): Promise<SistersReply> {
  parseEmptyBody(body)
  return sisters(site)
}
