/** Sessions and audit rows as JSON: times in seconds since 1970, and the same names as everywhere on the wire. */
import type { KeyObject } from 'node:crypto'

import type { FoundSession } from '../flows/administer.js'
import { refOf } from '../flows/refs.js'
import { seconds } from '../flows/sessions.js'
import type { NumberedAuditRow } from '../stores/store.js'

export const sessionJson = (secret: KeyObject, session: FoundSession) => ({
  ref: refOf(secret, session.id),
  subject: session.subject,
  administrator: session.isAdmins,
  site: session.site,
  sites: session.sites,
  agent: session.agent,
  created_at: seconds(session.createdAtMs),
  seen_at: seconds(session.seenAtMs),
  expires_at: seconds(session.expiresAtMs),
})

export const auditJson = ({ seq, atMs, untilMs, ...row }: NumberedAuditRow) => ({
  seq,
  at: seconds(atMs),
  ...row,
  ...(untilMs !== undefined && { until: seconds(untilMs) }),
})
