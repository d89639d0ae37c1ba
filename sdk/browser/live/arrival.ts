/** How the visitor has just arrived, if this site's backend has done the work of a sync on the way. */
import { type Outcome, outcomes, type ReplaceReason, type Rung, rungs } from '../../protocol/wire.js'
import { ARRIVAL_COOKIE, readCookie, readState } from '../cookies.js'
import { writeCookie } from '../document.js'
import type { SyncResult } from '../sync.js'

export type Arrival = [rung: Rung, state: string, result: SyncResult]

/** Reads the note and removes it, because it does not apply to the next page. */
export function takeArrival(): Arrival | undefined {
  const value = readCookie('arrival')
  writeCookie(`${ARRIVAL_COOKIE}=;path=/;secure;max-age=0`)
  const [rung, outcome, reason, signedIn] = value.split('.')
  // A visitor does not arrive by the frame or by storage access.
  if (rungs.indexOf(rung as Rung) < 2 || !outcomes.includes(outcome as Outcome)) return
  const state = readState()
  const isReplaced = outcome === 'replace'
  return [
    rung as Rung,
    state,
    {
      outcome: outcome as Outcome,
      requests: 0,
      reason: (!isReplaced && reason) || null,
      replaced: isReplaced
        ? { state, reason: reason as ReplaceReason, subject: signedIn === '1' || null }
        : undefined,
    },
  ]
}
