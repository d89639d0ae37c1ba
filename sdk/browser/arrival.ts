/** How the visitor has just come, where this site's backend did on the way what a sync does. */
import { type Outcome, outcomes, type ReplaceReason, type Rung, rungs } from '../protocol/wire.js'
import { readCookie, readState } from './cookies.js'
import type { SyncResult } from './sync.js'

/** By a link or a redirect; the backend writes it, once. */
const ARRIVAL_COOKIE = '__Host-session-arrival'

/** Reads it and removes it: the page that comes after this one has not arrived. */
export function takeArrival(): [rung: Rung, state: string, result: SyncResult] | undefined {
  const value = readCookie(ARRIVAL_COOKIE)
  if (!value) return
  document.cookie = `${ARRIVAL_COOKIE}=;path=/;secure;max-age=0`
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
      reason: (!isReplaced && reason) || null,
      replaced: isReplaced
        ? { state, reason: reason as ReplaceReason, subject: signedIn === '1' || null }
        : undefined,
    },
  ]
}
