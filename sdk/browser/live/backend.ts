/** Where the frame is blocked, only this site's own backend can say that the session is over. */
import type { OfferReply } from '../../protocol/bodies.js'
import type { EndReason } from '../../protocol/wire.js'
import { recall, remember } from '../memory.js'
import type { LiveKit } from './kit.js'

/** @param heard what was heard of it already, should the backend have nothing to say */
export async function askBackend(
  { endpoint, post, createBinding, tell }: LiveKit,
  heard?: EndReason,
): Promise<void> {
  const { nonce } = await createBinding()
  // It clears its cookies where it finds that the session is over.
  const { ended = heard } = await post<Partial<OfferReply>>(`${endpoint}/offer`, { nonce }).catch(() => ({
    ended: heard,
  }))
  if (!ended) return
  remember({ ...recall(), state: '' })
  tell('session-ended', { reason: ended })
}
