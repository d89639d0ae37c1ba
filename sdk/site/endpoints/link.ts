/** The link rung, where the link is: which origins are sisters, and a ticket for one of them before the click. */
import { type LinkReply, parseEmptyBody, parseLinkBody, type SistersReply } from '../../protocol/bodies.js'
import type { SiteContext } from '../context.js'
import { isCode } from '../session/index.js'
import type { Visit } from '../visit.js'

/** `POST <endpoint>/link` */
export async function makeLinkTicket(site: SiteContext, visit: Visit, body: unknown): Promise<LinkReply> {
  const { to } = parseLinkBody(body)
  if (!(await site.settings.mayShare(visit))) return { ticket: null }
  const { handle } = await site.sessions.load(visit)
  return handle === null ? { ticket: null } : site.hub.link({ handle, to })
}

/** How long the list of sisters is believed. */
const SISTERS_MS = 300_000

export type Sisters = () => Promise<SistersReply>

export function createSisters({ hub, settings: { now } }: Pick<SiteContext, 'hub' | 'settings'>): Sisters {
  let asked: Promise<SistersReply> | undefined
  let askedMs = 0
  return async () => {
    if (!asked || Math.abs(now() - askedMs) > SISTERS_MS) {
      const asking = hub.sisters()
      asked = asking
      askedMs = now()
      asking.catch(() => {
        if (asked === asking) asked = undefined
      })
    }
    try {
      return await asked
    } catch (error) {
      // A hub of an older version has no links to offer.
      if (isCode(error, 'not_found')) return { sisters: [] }
      throw error
    }
  }
}

/** `POST <endpoint>/sisters` */
export async function listSisters(sisters: Sisters, body: unknown): Promise<SistersReply> {
  parseEmptyBody(body)
  return sisters()
}
