/** While the frame is blocked, only this site's own backend can say that the session has ended. */
import type { OfferReply } from '../../protocol/bodies.js'
import type { EndReason } from '../../protocol/wire.js'
import { recall, remember } from '../memory.js'
import type { LiveKit } from './kit.js'

/** @param heard what is already known of the end, in case the backend says nothing about it */
export async function askBackend(
  { endpoint, post, createBinding, tell }: LiveKit,
  heard?: EndReason,
): Promise<void> {
  const { nonce } = await createBinding()
  // The backend clears its cookies if it finds that the session has ended.
  const { ended = heard } = await post<Partial<OfferReply>>(`${endpoint}/offer`, { nonce }).catch(() => ({
    ended: heard,
  }))
  if (!ended) return
  remember({ ...recall(), state: '' })
  tell('session-ended', { reason: ended })
}
