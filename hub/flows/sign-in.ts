/** Signing in, at once or late: a change of privilege makes a new session with a new handle, and the old one ends. */
import type { SessionView, SignInBody } from '../../sdk/protocol/bodies.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { limits } from '../../sdk/protocol/wire.js'
import { sha256 } from '../../sdk/tokens/random.js'
import type { Spend } from '../stores/store.js'
import type { HubContext } from './context.js'
import { mergedInto } from './merge.js'
import { ended, live, newHandle, newSession, sizeOf, viewFor } from './sessions.js'

export async function signIn(hub: HubContext, site: string, body: SignInBody): Promise<SessionView> {
  const { subject, claims } = body
  if (sizeOf(claims) > limits.claimsBytes) {
    const most = `The claims are larger than ${limits.claimsBytes} bytes; they travel in every ticket`
    throw new SessionHubError('data_too_large', most)
  }
  const nowMs = hub.now()
  const authTimeMs = Math.min(nowMs, (body.auth_time ?? Infinity) * 1000)
  const fresh = { ...newSession({ subject, claims, data: {} }, hub, nowMs), authTimeMs }
  const { handle, record } = newHandle(fresh, site, nowMs)
  const handles = body.handle === null ? [] : [sha256(body.handle)]
  const spend = registration(site, body, record.hash, nowMs)

  const settled = await hub.store.transact<{ view: SessionView } | { before: Spend }>(
    { handles, ...(spend && { spend }) },
    ({ held: [held], spentBefore }) => {
      if (spentBefore) return { result: { before: spentBefore } }
      const old = live(held, site, nowMs)
      // One user's data never becomes another's.
      const isTheirs = old && (old.subject === null || old.subject === subject)
      const session = isTheirs ? mergedInto(hub, fresh, old, 'signed-in') : fresh
      return {
        changes: {
          sessions: old ? [session, ended(old, 'signed-in', nowMs)] : [session],
          handles: [record],
        },
        result: { view: { ...viewFor(session, site, hub), handle } },
      }
    },
  )
  return 'view' in settled ? settled.view : registeredBefore(hub, site, settled.before, nowMs)
}

/** The longest that a site may hold a sign-in back: the longest grace. */
const REGISTER_MS = 31 * 86_400_000

/** A late sign-in comes by a cookie, and a cookie can be kept and shown again: so it is spent (R28). */
function registration(
  site: string,
  { jti, exp = 0 }: SignInBody,
  gave: string,
  spentAtMs: number,
): Spend | undefined {
  if (jti === undefined) return undefined
  return { issuer: site, jti, spentAtMs, expiresAtMs: Math.min(exp * 1000, spentAtMs + REGISTER_MS), gave }
}

/** How long the answer to a registration may have been lost on its way, and the same sign-in comes again. */
const LOST_MS = 60_000

/** The session that the first registration made, by another handle, if it is still there. */
function registeredBefore(hub: HubContext, site: string, first: Spend, nowMs: number): Promise<SessionView> {
  return hub.store.transact({ handles: [first.gave ?? ''] }, ({ held: [held] }) => {
    const session = live(held, site, nowMs)
    if (!session || nowMs - first.spentAtMs > LOST_MS) {
      throw new SessionHubError('session_ended', 'This sign-in was registered before', {
        endReason: 'signed-in',
      })
    }
    const { handle, record } = newHandle(session, site, nowMs)
    return { changes: { handles: [record] }, result: { ...viewFor(session, site, hub), handle } }
  })
}
