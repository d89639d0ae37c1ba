/**
 * Connects sessions with the company's own sign-in: which of a subject's sessions came from which session at the identity provider. They are kept as
 * notes beside the handles, so that they are removed with the sessions.
 */
import { sha256 } from '../../sdk/tokens/random.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import type { Handle, Held, Session, Spend } from '../stores/store.js'
import type { HubContext } from './context.js'
import { ended, endingOf, isLive } from './sessions.js'
import { COUNTED, cut } from './subjects.js'

/** The place of the note that leads from a session at the provider to a subject. No handle has this hash: a handle has 43 characters. */
export const providerHash = (idp: string): string => sha256(`company ${idp}`)
const sessionHash = (id: string): string => sha256(`company session ${id}`)

/** No origin is spelled like these, so no site can use the records as handles. */
const PROVIDER = 'company'
const placeOf = (idp: string) => `company ${idp}`

/**
 * The notes by which a sign-out at the provider finds this session.
 *
 * @param idp the tag of issuer and `sid`, as the site has sent it
 * @param known the note at `providerHash`
 */
export function companyNotes(
  idp: string | undefined,
  session: Session,
  known: Held | undefined,
  nowMs: number,
): readonly Handle[] {
  if (idp === undefined) return []
  const note = {
    sessionId: session.id,
    createdAtMs: nowMs,
    activatedAtMs: null,
    expiresAtMs: session.untilMs,
  }
  const own: Handle = { ...note, hash: sessionHash(session.id), site: placeOf(idp) }
  // Someone who learns another user's `sid` must not be able to divert that user's sign-out.
  const isTaken = known && known.session.subject !== session.subject && isLive(known.session, nowMs)
  return isTaken ? [own] : [own, { ...note, hash: providerHash(idp), site: PROVIDER }]
}

/** What a sign-out at the provider names. */
export interface CompanySignOut {
  /** The user, as hub and sites know the user; absent if the provider names only its session. */
  readonly subject: string | undefined
  /** The tag of issuer and `sid`; if it is absent, all of the user's sessions end. */
  readonly idp: string | undefined
  readonly issuer: string
  readonly jti: string
  readonly expiresAtMs: number
}

/** How many sessions of one user are checked at most. */
const MOST = 1000
/** How many notes one transaction reads. */
const AT_ONCE = 8

/**
 * Ends what the provider says has ended, and spends its logout token.
 *
 * @returns how many sessions were live
 * @throws SessionHubError `logout_token_invalid` if the token was used before
 */
export async function endByCompany(hub: HubContext, signOut: CompanySignOut): Promise<number> {
  const spend: Spend = {
    // No site and no hub is spelled like this, so nobody spends a `jti` of another.
    issuer: `company ${signOut.issuer}`,
    jti: signOut.jti,
    spentAtMs: hub.now(),
    expiresAtMs: signOut.expiresAtMs,
    gave: null,
  }
  return signOut.idp === undefined
    ? endAllOfSubject(hub, signOut.subject ?? '', spend)
    : endOfProviderSession(hub, signOut.subject, signOut.idp, spend)
}

function endAllOfSubject(hub: HubContext, subject: string, spend: Spend): Promise<number> {
  const nowMs = hub.now()
  return hub.store.transact(
    { handles: [], spend, subject: { subject, nowMs, sessions: 0, countTo: COUNTED } },
    ({ subject: known, live, spentBefore }) => {
      if (spentBefore) throw usedBefore()
      if (!known) return { result: 0 }
      const { subject: gone, ending } = cut(known, known.generation, 'signed-out', nowMs)
      return { changes: { subjects: [gone], endings: [ending] }, result: live }
    },
  )
}

async function endOfProviderSession(
  hub: HubContext,
  named: string | undefined,
  idp: string,
  spend: Spend,
): Promise<number> {
  const nowMs = hub.now()
  if (await hub.store.isSpent(spend.issuer, spend.jti)) throw usedBefore()
  const subject = named ?? (await hub.store.find(providerHash(idp)))?.session.subject
  const sessions = typeof subject !== 'string' ? [] : await hub.store.list(subject, nowMs, MOST)
  // The session may be one that was not read. It is better to end too many sessions than to miss that one.
  if (typeof subject === 'string' && sessions.length === MOST) return endAllOfSubject(hub, subject, spend)
  let count = 0
  // The token is spent with the last batch: if the store fails before, the provider can send the token again.
  for (let at = 0; at === 0 || at < sessions.length; at += AT_ONCE) {
    const some = sessions.slice(at, at + AT_ONCE).map(({ id }) => sessionHash(id))
    const isLast = at + AT_ONCE >= sessions.length
    count += await hub.store.transact(
      { handles: some, ...(isLast && { spend }) },
      ({ held, spentBefore }) => {
        if (spentBefore) throw usedBefore()
        const gone = held.flatMap((note) =>
          note && note.handle.site === placeOf(idp) && isLive(note.session, nowMs)
            ? [ended(note.session, 'signed-out', nowMs)]
            : [],
        )
        return { changes: { sessions: gone, endings: gone.map(endingOf) }, result: gone.length }
      },
    )
  }
  return count
}

const usedBefore = () => new SessionHubError('logout_token_invalid', 'This logout token was used before')
