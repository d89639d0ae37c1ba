/** Tells the page that the browser blocks, and what is left. */
import type { LadderKit } from './kit.js'

/** Not after a failure: it says nothing of the browser. */
export function announce({ tell, rungs, client }: LadderKit): void {
  const { isBlocked, outcome, reason } = client.status
  if (!isBlocked || !reason || outcome === 'failed') return
  const isDenied = reason === 'access_denied'
  tell('access-needed', {
    reason,
    rungs: rungs.filter((rung) => rung !== 'frame' && !(isDenied && rung === 'access')),
  })
}
