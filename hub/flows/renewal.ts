/**
 * When the hub's cookie is to be set anew. Browsers keep it for 400 days at most, and Safari for seven where the hub's host is served from
 * another network than the site's: a visitor who comes by keeps it. It is the same cookie, and the session's life is not touched.
 */
import type { Site } from '../sites/site.js'
import type { Held, Session } from '../stores/store.js'
import type { HubContext } from './context.js'
import { jarOf, live } from './sessions.js'

/** A cookie is set anew at most this often, so that looking stays reading. */
const RENEWAL_MS = 86_400_000

/**
 * @param hash of the handle in the cookie that the browser has sent
 * @returns how long the session behind it can live at most, in seconds; `undefined` where the cookie stays as it is
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
    // What the visitor wants forgotten when the browser is closed has no age to renew.
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
