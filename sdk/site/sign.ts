/** Signing in and out. Both work while the hub is down. */
import type { Request, Response } from 'express'

import { requireOpenHead } from '../http/own-headers.js'
import { SessionHubError, toSessionHubError } from '../protocol/errors.js'
import { requireSubject } from '../protocol/fields.js'
import type { JsonObject } from '../protocol/json.js'
import { plainJson } from '../protocol/plain-json.js'
import { limits, pairwisePrefix } from '../protocol/wire.js'
import { ofCall } from '../settings/call-options.js'
import { flag } from '../settings/checks.js'
import { logError } from '../settings/log.js'
import { refuseUnknown } from '../settings/refuse-unknown.js'
import type { SiteContext } from './context.js'
import { agentOf, loadSession, ownClaims } from './load.js'
import { type HeldSession, isCode, requireStillOpen } from './session.js'

export interface SignIn {
  /** Who the user is, in the words of your user table; 1 to 255 bytes. */
  readonly subject: string
  /** What other sites should know of the user, at most 1 KiB as JSON: it travels in every ticket. @default {} */
  readonly claims?: JsonObject
  /** `false`: every browser forgets the session, on all sites, when it is closed. @default true */
  readonly remember?: boolean
}

/** The hub's own word on this sign-in; anything else is the hub's trouble, and no reason to keep a user out. */
const REFUSALS = ['request_invalid', 'data_too_large', 'data_denied', 'session_limit'] as const

/**
 * @throws SessionHubError `request_invalid`, `data_too_large`, `session_limit`, `data_denied`; `headers_sent` where the answer has begun
 */
export async function signIn(site: SiteContext, req: Request, res: Response, who: SignIn): Promise<void> {
  const read = readSignIn(who)
  requireOpenHead(res)
  const session = await loadSession(site, req, res)
  await site.takeTurn(session, () => begin(site, req, res, session, read))
}

async function begin(
  site: SiteContext,
  req: Request,
  res: Response,
  session: HeldSession,
  { subject, claims, remember }: Required<SignIn>,
): Promise<void> {
  if (site.posted.isBlind(req)) {
    const issued = await site.tokens.issueProvisional({ subject, claims, remember }, null, req)
    requireStillOpen(site, res)
    site.posted.write(res, issued, remember)
    session.show(issued.claims)
    return
  }
  const before = await ownClaims(site, req)
  const was = session.handle ?? before?.sk ?? before?.was ?? null
  let view
  try {
    const agent = agentOf(req)
    view = await site.hub.signIn({ handle: was, subject, claims, remember, ...(agent && { agent }) })
  } catch (error) {
    if (REFUSALS.some((code) => isCode(error, code))) throw error
    // The site's own login works without the hub, whatever ails it. The hub is told when it is back.
    logError(site.log, toSessionHubError(error), 'sign-in')
    const issued = await site.tokens.issueProvisional({ subject, claims, remember }, was, req)
    requireStillOpen(site, res)
    session.take({ ...issued, state: '', isRemembered: remember })
    return
  }
  if (view.handle !== undefined) await session.begin(view, view.handle)
}

/** @throws SessionHubError `request_invalid`, `data_too_large` */
function readSignIn(who: SignIn): Required<SignIn> {
  ofCall(() => {
    refuseUnknown('signIn', who, ['subject', 'claims', 'remember'])
  })
  const { subject, claims = {}, remember = true } = who
  requireSubject(subject)
  // Also while the hub cannot say so: a user who chose such a name would be another one here (R33).
  if (subject.startsWith(pairwisePrefix))
    throw new SessionHubError(
      'request_invalid',
      `A subject that begins with "${pairwisePrefix}" is the hub's`,
    )
  const plain = plainJson('signIn: claims', claims)
  if (Buffer.byteLength(JSON.stringify(plain)) > limits.claimsBytes) {
    throw new SessionHubError('data_too_large', `Claims have at most ${limits.claimsBytes} bytes as JSON`)
  }
  return { subject, claims: plain, remember: ofCall(() => flag('signIn', 'remember', remember)) }
}

export interface SignOut {
  /** All of the user's sessions end, in every browser. A boolean; of a check box, `form.everywhere === 'on'`. @default false, or what the hub's `endAllOnSignOut` says */
  readonly everywhere?: boolean
}

/**
 * Ends the session on every site of this browser; on this one at once, whatever the hub does.
 *
 * @throws SessionHubError `request_invalid` for an option that is wrong, `headers_sent` where the answer has begun; then nothing has ended
 */
export async function signOut(
  site: SiteContext,
  req: Request,
  res: Response,
  options: SignOut = {},
): Promise<void> {
  const everywhere = ofCall(() => {
    refuseUnknown('signOut', options, ['everywhere'])
    const { everywhere: asked = false } = options
    return flag('signOut', 'everywhere', asked)
  })
  requireOpenHead(res)
  const session = await loadSession(site, req, res)
  await site.takeTurn(session, async () => {
    const before = await ownClaims(site, req)
    for (const claims of [before, session.token]) if (claims) site.provisional.revoke(claims)
    if (site.posted.isIn(req) || site.posted.isBlind(req)) site.posted.clear(res)
    const handle = session.handle ?? before?.sk ?? before?.was
    session.clear()
    if (handle === undefined) return
    // A request beside this one may have been told before that the session is well.
    site.superseded.add(handle)
    await site.pending.tell({ handle, everywhere })
  })
}
