/** How the visitor has just come, where this site's backend did on the way what a sync does. */
import { type Outcome, outcomes, type ReplaceReason, type Rung, rungs } from '../../protocol/wire.js'
import { ARRIVAL_COOKIE, readCookie, readState } from '../cookies.js'
import { writeCookie } from '../document.js'
import type { SyncResult } from '../sync.js'

export type Arrival = [rung: Rung, state: string, result: SyncResult]

/** Reads it and removes it: the page that comes after this one has not arrived. */
export function takeArrival(): Arrival | undefined {
  const value = readCookie('arrival')
  writeCookie(`${ARRIVAL_COOKIE}=;path=/;secure;max-age=0`)
  const [rung, outcome, reason, signedIn] = value.split('.')
  // Neither the frame nor storage access arrives.
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
