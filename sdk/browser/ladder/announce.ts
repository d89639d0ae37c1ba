/** Tells the page that the browser blocks, and which rungs are left. */
import type { LadderKit } from './kit.js'

/** Another click would end in the same way: the answer was no, or the hub cannot see whose page the frame is in. */
const HOPELESS = ['access_denied', 'referrer_missing']

/** Not after a failure, which says nothing about the browser. */
export function announce({ tell, rungs, client }: LadderKit): void {
  const { isBlocked, outcome, reason } = client.status
  if (!isBlocked || !reason || outcome === 'failed') return
  tell('access-needed', {
    reason,
    rungs: rungs.filter((rung) => rung !== 'frame' && !(rung === 'access' && HOPELESS.includes(reason))),
  })
}
