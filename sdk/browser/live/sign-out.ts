/** Signs out on this site, and so on all others in this browser. */
import { recall, remember } from '../memory.js'
import type { LiveKit } from './kit.js'

/** @returns whether this site's backend could be told */
export async function signOut({ client, endpoint, post, tell }: LiveKit): Promise<boolean> {
  try {
    await post(`${endpoint}/sign-out`, {})
  } catch {
    return false
  }
  try {
    remember({ ...recall(), state: '' })
  } catch {
    // Nothing is remembered here.
  }
  tell('session-ended', { reason: 'signed-out' })
  // The hub's frames on other sites learn of it through this one's; but if the hub was not asked anything yet, consent may be missing.
  if (client.status.atMs) void client.sync({ force: true })
  return true
}
