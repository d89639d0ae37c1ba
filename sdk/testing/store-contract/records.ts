/** Records as a hub writes them, and what the tests do with them. */
import { createHash, randomBytes } from 'node:crypto'

import type {
  AuditRow,
  Changes,
  Ending,
  Handle,
  Session,
  Spend,
  Store,
  Subject,
  View,
} from '../../../hub/index.js'

export const NOW_MS = 1_900_000_000_000
/** For a sweep that removes nothing. */
export const NEVER = { nowMs: 0, endedBeforeMs: 0, endingsBeforeMs: 0, auditBeforeMs: 0 }
export const HOUR_MS = 3_600_000
const SITE = 'https://shop.example'

export async function held(
  store: Store,
  fields: Partial<Session> = {},
): Promise<{ handle: Handle; session: Session }> {
  const session = newSession(fields)
  const handle = newHandle(session)
  await write(store, { sessions: [session], handles: [handle] })
  return { handle, session }
}

export const write = (store: Store, changes: Changes) =>
  store.transact({ handles: [] }, () => ({ changes, result: undefined }))

/** The store's record of a subject. */
export async function subjectIn(store: Store, subject: string): Promise<Subject | undefined> {
  const view = await store.transact({ handles: [], subject: { subject, sessions: 0, nowMs: 0 } }, answerView)
  return view.subject
}

export const answerView = (view: View) => ({ result: view })

export function newSession(fields: Partial<Session> = {}): Session {
  return {
    id: randomBytes(16).toString('base64url'),
    subject: null,
    claims: {},
    data: { cart: ['book'] },
    version: 1,
    createdAtMs: NOW_MS - HOUR_MS,
    authTimeMs: null,
    seenAtMs: NOW_MS - 1,
    expiresAtMs: NOW_MS + HOUR_MS,
    untilMs: NOW_MS + 10 * HOUR_MS,
    isRemembered: true,
    generation: 0,
    site: SITE,
    agent: null,
    endedAtMs: null,
    endReason: null,
    ...fields,
  }
}

export function newHandle(session: Session, fields: Partial<Handle> = {}): Handle {
  return {
    hash: sha256(randomBytes(32).toString('base64url')),
    sessionId: session.id,
    site: SITE,
    createdAtMs: NOW_MS,
    activatedAtMs: NOW_MS,
    expiresAtMs: NOW_MS + HOUR_MS,
    ...fields,
  }
}

export function newSubject(fields: Partial<Subject> = {}): Subject {
  return {
    subject: randomBytes(8).toString('base64url'),
    generation: 1,
    endedUpTo: -1,
    endedAtMs: null,
    endReason: null,
    untilMs: NOW_MS + HOUR_MS,
    ...fields,
  }
}

export function newEnding(fields: Partial<Ending> = {}): Ending {
  return { sessionId: 'one', subject: null, generation: 0, reason: 'revoked', atMs: NOW_MS, ...fields }
}

export function newAuditRow(fields: Partial<AuditRow> = {}): AuditRow {
  return {
    atMs: NOW_MS,
    who: 'ops',
    act: 'end',
    subject: null,
    site: null,
    sessions: 1,
    from: '127.0.0.1',
    outcome: 'done',
    ...fields,
  }
}

export function newSpend(fields: Partial<Spend> = {}): Spend {
  return {
    issuer: 'https://hub.example',
    jti: randomBytes(16).toString('base64url'),
    spentAtMs: NOW_MS,
    expiresAtMs: NOW_MS + HOUR_MS,
    gave: null,
    ...fields,
  }
}

export const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url')

/** The code of the error that a call rejects with, whichever copy of the package made it; an error without a code is returned as it is. */
export async function codeOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => 'answered',
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
  )
}

export const sessionIn = async (store: Store, id: string): Promise<Session | undefined> =>
  (await store.sessions([id])).get(id)
