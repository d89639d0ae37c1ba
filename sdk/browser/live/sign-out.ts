/** Signing out on this site, and so on every other of this browser. */
import { recall, remember } from '../memory.js'
import type { LiveKit } from './kit.js'

/** @returns whether this site could be told */
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
  // The hub's frames on other sites hear of it by this one's; but where nothing was asked of the hub yet, consent may be missing.
  if (client.status.atMs) void client.sync({ force: true })
  return true
}
