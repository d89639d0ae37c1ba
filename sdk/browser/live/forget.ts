/** The visitor's opt-out, and its undoing: first on this site, then in the hub's cookies, for all others. */
import type { Status } from '../status.js'
import type { Refusal } from '../post.js'
import type { LiveKit } from './kit.js'

export async function forget(kit: LiveKit, { undo = false } = {}): Promise<Status> {
  const { client, endpoint, post, settle, tell } = kit
  try {
    await post(`${endpoint}/forget`, { off: !undo })
  } catch (thrown) {
    return settle({ outcome: 'failed', reason: (thrown as Refusal).reason })
  }
  await tellHub(kit, !undo)
  if (undo) return client.sync({ force: true })
  const status = settle({ reason: 'opted_out' })
  tell('synced', status)
  return status
}

/** Uses a frame of its own. If that frame cannot use the hub's cookies, or the hub is down, only this site is told. */
async function tellHub(
  { hub, timeout, createBinding, openFrame }: LiveKit,
  isForgotten: boolean,
): Promise<void> {
  const { nonce } = await createBinding()
  let hasAsked = false
  await new Promise<void>((resolve) => {
    const done = () => {
      window.clearTimeout(timer)
      frame.close()
      resolve()
    }
    const timer = window.setTimeout(done, timeout)
    const frame = openFrame(hub, nonce, '', (message) => {
      if (hasAsked || !message || message.outcome === 'blocked') done()
      else {
        hasAsked = true
        frame.send({ offer: null, forget: isForgotten })
      }
    })
  })
}

/** Holds the state with which this site left the shared session. */
const KEY = 'session-hub-parted'

/** If the visitor has opted out on another site, this one keeps its session, separate from the others'. */
export function partWhereForgotten({ on, endpoint, post, readState }: LiveKit): void {
  on('synced', ({ outcome, reason }) => {
    const state = readState()
    try {
      if (!outcome || reason !== 'opted_out' || !state || window.localStorage.getItem(KEY) === state) return
    } catch {
      // Without storage it would separate again and again.
      return
    }
    post(`${endpoint}/forget`, {})
      .then(() => {
        window.localStorage.setItem(KEY, readState())
      })
      .catch(() => 0)
  })
}
