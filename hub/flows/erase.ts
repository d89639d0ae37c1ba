/** Erases a user from everything that a hub keeps: the right to be forgotten. */
import { createHmac } from 'node:crypto'

import type { AuditRow } from '../stores/store.js'
import type { HubContext } from './context.js'
import { REMEMBER_ENDINGS_MS } from './endings.js'
import { COUNTED, cut } from './subjects.js'

export interface Erasing {
  /** Whether the audit goes on naming the user, where a law requires that. */
  readonly keepsAudit: boolean
  /** Makes the row that is written with it, about the name under which the audit lists the user from now on. */
  readonly audit?: (ended: number, name: string) => AuditRow
}

/**
 * Ends all sessions of a user and removes them with everything that they hold, in one write. The record that tells sites of the end stays for an
 * hour, for a site that was disconnected meanwhile.
 *
 * @returns how many were live, counted up to 1000
 */
export async function eraseSubject(
  hub: HubContext,
  subject: string,
  { keepsAudit, audit }: Erasing,
): Promise<number> {
  const nowMs = hub.now()
  const name = keepsAudit ? subject : erasedName(hub, subject)
  return hub.store.transact(
    { handles: [], subject: { subject, nowMs, sessions: 0, countTo: COUNTED } },
    ({ subject: known, live }) => {
      const row = audit && { audit: [audit(live, name)] }
      const erase = { subject, name }
      if (!known) return { changes: { erase, ...row }, result: 0 }
      const { subject: gone, ending } = cut(known, known.generation, 'revoked', nowMs)
      const record = { ...gone, untilMs: nowMs + REMEMBER_ENDINGS_MS }
      return { changes: { erase, subjects: [record], endings: [ending], ...row }, result: live }
    },
  )
}

/** Rows of one user keep the same name. Only the holder of the hub's secret can tell whether they belong to a given user. */
const erasedName = ({ secret }: Pick<HubContext, 'secret'>, subject: string): string =>
  `erased:${createHmac('sha256', secret).update(`erased\n${subject}`).digest('base64url').slice(0, 22)}`
