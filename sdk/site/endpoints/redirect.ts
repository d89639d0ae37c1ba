/** The redirect rung: to the hub and back, in the visitor's own window. It needs no script and no cookie in any frame. */
import { readCookie, setCookie } from '../../http/cookies.js'
import { isNavigation, queryOf, refuseAhead, saysNothing, single } from '../../http/navigation.js'
import { onwardReply, type Reply } from '../../http/reply.js'
import { BOT } from '../../protocol/bots.js'
import type { StartClaims } from '../../protocol/claims.js'
import { isErrorCode, SessionHubError, toSessionHubError } from '../../protocol/errors.js'
import { is128Bits, is256Bits } from '../../protocol/formats.js'
import { cookieNames, hubPaths, type Outcome, outcomes, sitePaths } from '../../protocol/wire.js'
import { logError } from '../../settings/log.js'
import { random256, sha256 } from '../../tokens/random.js'
import { announce, type Arrival, failedArrival } from './arrival.js'
import type { SiteContext } from '../context.js'
import { isOwnHost } from './guard.js'
import type { Limit } from './limit.js'
import { offerFor } from './offer.js'
import { refuseFetch } from './refuse-fetch.js'
import { isCode } from '../session/index.js'
import { openTarget, ownTarget, pageTarget, sealTarget } from './target.js'
import { acceptTicket, readTicket, requireConsent, requireVerifier } from './ticket.js'
import type { Visit } from '../visit.js'

/** This many redirects in this time can be a visitor's; one more is a loop. */
const MOST_IN_A_ROW = 2
const ROW_SECONDS = 60

/** Added to the address for a browser that keeps no cookies: without it, nothing would show that the browser has already been here. */
const OFF = 'session-hub'

/** `GET <endpoint>/redirect?return=<path>` */
export async function beginRedirect(site: SiteContext, visit: Visit, limit: Limit): Promise<Reply> {
  const { settings } = site
  const to = ownTarget(settings, single(queryOf(visit.url), 'return')) ?? `${settings.origin}/`
  if (!isNavigation(visit)) {
    refuseAhead(visit)
    // An image in somebody's text, or a frame: the request has no effect.
    return refuseFetch(site, visit, 'redirect', to) ?? onwardReply(visit.headers, to)
  }
  try {
    await limit()
    await requireConsent(site, visit)
    if (!(await site.hub.isReachable())) throw new SessionHubError('unavailable', 'The hub does not answer')
    return await leave(site, visit, to)
  } catch (thrown) {
    return arrive(site, visit, to, failed(site, thrown, await isSignedIn(site, visit)))
  }
}

/** Sends the visitor to the hub. @throws SessionHubError `redirect_loop` */
async function leave(site: SiteContext, visit: Visit, to: string): Promise<Reply> {
  const { settings, ownTokens } = site
  const now = Math.floor(settings.now() / 1000)
  const before = await ownTokens.start.read(visit)
  const isInARow = before && now - before.since < ROW_SECONDS
  const { since, count } = isInARow
    ? { since: before.since, count: before.count + 1 }
    : { since: now, count: 1 }
  if (count > MOST_IN_A_ROW) throw new SessionHubError('redirect_loop', 'One redirect too many in a row')
  // Registers a sign-in that the hub does not know of yet.
  await site.sessions.load(visit)
  const verifier = random256()
  await ownTokens.start.write(visit, { since, count, verifier })
  const state = readCookie(visit.headers.cookie, cookieNames.state)
  return onwardReply(
    visit.headers,
    await hubAddress(site, sha256(verifier), to, is128Bits(state) ? { state } : {}),
  )
}

async function hubAddress(
  { settings }: SiteContext,
  nonce: string,
  to: string,
  more: Record<string, string>,
): Promise<string> {
  const back = await sealTarget(settings, to)
  const query = new URLSearchParams({ site: settings.origin, nonce, ...more, return: back })
  return `${settings.hub}${hubPaths.redirect}?${query}`
}

/** `GET <endpoint>/callback`: back from the hub, with an outcome, a ticket, or the hub's request for an offer. */
export async function finishRedirect(site: SiteContext, visit: Visit, limit: Limit): Promise<Reply> {
  refuseAhead(visit)
  const { settings, ownTokens } = site
  const query = queryOf(visit.url)
  const to = ownTarget(settings, await openTarget(settings, single(query, 'return'))) ?? `${settings.origin}/`
  const refused = isNavigation(visit) ? undefined : refuseFetch(site, visit, 'callback', to)
  if (refused) return refused
  const start = await ownTokens.start.read(visit)
  if (start?.verifier === undefined || !isNavigation(visit)) {
    logError(
      site.log,
      new SessionHubError('start_invalid', 'No redirect was begun in this browser'),
      sitePaths.callback,
    )
    return onwardReply(visit.headers, start || hasBeenHere(visit) ? to : withoutRedirects(to))
  }
  const { verifier } = start
  let arrival: Arrival
  try {
    await limit()
    const asked = single(query, 'outcome')
    if (asked === 'offer') {
      return await sendOffer(site, visit, { start, verifier, to, hubNonce: single(query, 'hub_nonce') })
    }
    const outcome = outcomes.find((known) => known === asked)
    arrival = await settle(site, visit, {
      verifier,
      outcome,
      ticket: single(query, 'ticket'),
      reason: single(query, 'reason'),
    })
  } catch (thrown) {
    arrival = failed(site, thrown, await isSignedIn(site, visit))
    if (isCode(thrown, 'verifier_invalid')) {
      // Another window of this browser is also on its way, and the verifier belongs to that one.
      return arrive(site, visit, to, arrival)
    }
  }
  // The verifier has been used; the number of redirects in a row is kept.
  await ownTokens.start.write(visit, { since: start.since, count: start.count })
  return arrive(site, visit, to, arrival)
}

/** The reason for a visitor who has opted out; the only reason that is not an error code. */
const OPTED_OUT = 'opted_out'

/** The possible outcomes of a redirect. */
const OUTCOMES: readonly Outcome[] = ['none', 'keep', 'replace', 'adopt', 'conflict', 'failed']

interface Back {
  readonly verifier: string
  readonly outcome: Outcome | undefined
  readonly ticket: string | undefined
  readonly reason: string | undefined
}

async function settle(
  site: SiteContext,
  visit: Visit,
  { verifier, outcome, ticket, reason }: Back,
): Promise<Arrival> {
  const isReplaced = outcome === 'replace'
  if (outcome === undefined || !OUTCOMES.includes(outcome) || isReplaced !== (ticket !== undefined))
    throw new SessionHubError('request_invalid', 'The hub gave no outcome, or one without its ticket')
  if (ticket === undefined) {
    const isSignedInHere = await isSignedIn(site, visit)
    return {
      outcome,
      reason: isErrorCode(reason) || reason === OPTED_OUT ? reason : undefined,
      isSignedIn: isSignedInHere,
    }
  }
  await requireConsent(site, visit)
  const claims = await readTicket(site, ticket, 'redirect', site.settings.origin)
  requireVerifier(claims, verifier)
  const { view } = await acceptTicket(site, visit, claims)
  return { outcome: 'replace', reason: view.reason, isSignedIn: view.subject !== null }
}

interface OfferStep {
  readonly start: StartClaims
  readonly verifier: string
  readonly to: string
  readonly hubNonce: string | undefined
}

/** R13: the hub's own nonce came first, so that nobody can plant a session by an address. */
async function sendOffer(
  site: SiteContext,
  visit: Visit,
  { start, verifier, to, hubNonce }: OfferStep,
): Promise<Reply> {
  if (start.offered || !is256Bits(hubNonce))
    throw new SessionHubError('request_invalid', 'The hub has asked before, or without a nonce')
  const { offer } = await offerFor(site, visit, hubNonce)
  const { since, count } = start
  await site.ownTokens.start.write(visit, { since, count, verifier, offered: true })
  return onwardReply(visit.headers, await hubAddress(site, sha256(verifier), to, { offer: offer ?? '' }))
}

/** Leads to the page, with a clean address. */
function arrive(site: SiteContext, visit: Visit, to: string, arrival: Arrival): Reply {
  announce(site, visit, 'redirect', arrival)
  return onwardReply(visit.headers, to)
}

function failed(site: SiteContext, thrown: unknown, isSignedInHere: boolean): Arrival {
  logError(site.log, toSessionHubError(thrown), sitePaths.redirect)
  return isCode(thrown, 'session_conflict')
    ? { outcome: 'conflict', isSignedIn: isSignedInHere }
    : failedArrival(thrown, isSignedInHere)
}

const isSignedIn = async (site: SiteContext, visit: Visit) =>
  (await site.sessions.load(visit)).subject !== null

/**
 * `site.redirectOnce()`: leads a person's window to the hub when it opens a page of this site for the first time in this browser session.
 *
 * @returns `undefined` for every other request
 */
export function redirectOnce(site: SiteContext, visit: Visit): Promise<Reply | undefined> | undefined {
  return isFirstPage(site, visit) ? goOnce(site, visit) : undefined
}

async function goOnce(site: SiteContext, visit: Visit): Promise<Reply | undefined> {
  const to = pageTarget(site.settings, visit.fullUrl)
  if (to === undefined) return undefined
  try {
    if (!(await site.mayShare(visit)) || !(await site.hub.isReachable())) return undefined
    site.storage.store(visit, [setCookie(cookieNames.once, '1', { sameSite: 'Lax', httpOnly: true })])
    return await leave(site, visit, to)
  } catch (thrown) {
    logError(site.log, toSessionHubError(thrown), sitePaths.redirect)
    return undefined
  }
}

/** Whether a person's window opens a page of this site for the first time in this browser session. */
function isFirstPage({ settings }: SiteContext, visit: Visit): boolean {
  const { method, headers } = visit
  return (
    method === 'GET' &&
    isOwnHost(visit, settings) &&
    isNavigation(visit) &&
    // Unasked, this happens only if the browser says for certain that the request is not a fetch.
    !saysNothing(visit) &&
    /\btext\/html\b/.test(headers.accept ?? '') &&
    !BOT.test(headers['user-agent'] ?? '') &&
    !hasBeenHere(visit) &&
    !queryOf(visit.fullUrl).has(OFF)
  )
}

const hasBeenHere = ({ headers }: Visit) => readCookie(headers.cookie, cookieNames.once) !== undefined

function withoutRedirects(to: string): string {
  const url = new URL(to)
  url.searchParams.set(OFF, 'off')
  return url.href
}
