/**
 * Decides when the hub's cookie is set again. Browsers keep it for at most 400 days, and Safari for seven days if the hub's host is served from
 * a different network than the site's. A visitor who returns therefore keeps it. The cookie stays the same, and so does the session's life.
 */
import type { Site } from '../sites/site.js'
import type { Held, Session } from '../stores/store.js'
import type { HubContext } from './context.js'
import { jarOf, live } from './sessions.js'

/** A cookie is set again at most this often, so that a look-up stays a plain read. */
const RENEWAL_MS = 86_400_000

/**
 * @param hash the hash of the handle in the cookie that the browser has sent
 * @returns how long the session behind it can live at most, in seconds; `undefined` if the cookie stays as it is
 */
export async function renewal(
  hub: HubContext,
  site: Pick<Site, 'group'>,
  hash: string,
): Promise<number | undefined> {
  const nowMs = hub.now()
  const due = (held: Held | undefined): Session | undefined => {
    const session = live(held, jarOf(site), nowMs)
    const isDue = held !== undefined && nowMs - held.handle.createdAtMs >= RENEWAL_MS
    // A cookie that ends with the browser has no age to renew.
    return isDue && session?.isRemembered ? session : undefined
  }
  if (!due(await hub.store.find(hash))) return undefined
  return hub.store.transact({ handles: [hash] }, ({ held: [held] }) => {
    const session = due(held)
    if (!held || !session) return { result: undefined }
    return {
      changes: { handles: [{ ...held.handle, createdAtMs: nowMs }] },
      result: Math.ceil((session.untilMs - nowMs) / 1000),
    }
  })
}
