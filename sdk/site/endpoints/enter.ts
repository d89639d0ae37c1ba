/**
 * The link rung, at the site where the link leads. The ticket comes by a cross-site POST, which shows who sent it, but carries none of this
 * site's own cookies; a second step on this site sees those. Whatever fails, the visitor arrives where the link leads.
 */
import { readForm } from '../../http/body.js'
import { isNavigation, queryOf, refuseAhead, single } from '../../http/navigation.js'
import { onwardReply, type Reply } from '../../http/reply.js'
import { SessionHubError, toSessionHubError } from '../../protocol/errors.js'
import { limits, sitePaths } from '../../protocol/wire.js'
import { logError } from '../../settings/log.js'
import { announce, type Arrival, failedArrival } from './arrival.js'
import type { SiteContext } from '../context.js'
import type { Limit } from './limit.js'
import { refuseFetch } from './refuse-fetch.js'
import { type HeldSession, isCode, whileItLives } from '../session/index.js'
import { ownTarget } from './target.js'
import { acceptTicket, readTicket, requireConsent } from './ticket.js'
import type { Visit } from '../visit.js'

/** `POST <endpoint>/enter`, from a page of a sister. @throws SessionHubError if there is no form to read */
export async function takeLink(site: SiteContext, visit: Visit, limit: Limit): Promise<Reply> {
  const { settings, ownTokens } = site
  const form = await readForm(visit)
  const to = ownTarget(settings, single(form, 'to'))
  try {
    await limit()
    const ticket = single(form, 'ticket')
    const { origin } = visit.headers
    if (!isNavigation(visit))
      throw new SessionHubError('origin_denied', 'A link leads a window here, nothing else')
    // R10: a page that hides its origin sends "null", and so do a sandboxed frame and a redirector.
    if (!origin || origin === 'null')
      throw new SessionHubError('origin_denied', 'A link ticket comes from a page')
    if (!ticket || !to)
      throw new SessionHubError('request_invalid', 'A ticket and an address of this site are needed')
    await readTicket(site, ticket, 'link', origin)
    await ownTokens.enter.write(visit, { ticket })
  } catch (thrown) {
    const back = to ?? `${settings.origin}/`
    // A service worker hides which page has posted, and there is no other way to learn it (R10).
    const refused = refuseFetch(site, visit, 'enter', back)
    if (refused) return refused
    logError(site.log, toSessionHubError(thrown), sitePaths.enter)
    return onwardReply(visit.headers, back)
  }
  return onwardReply(
    visit.headers,
    `${settings.origin}${settings.endpoint}${sitePaths.enter}?to=${shortened(to)}`,
  )
}

/** Encoded, the target may be three times as long; one that no longer fits is replaced by `/`, for every visitor (R39). */
function shortened(to: string): string {
  const sent = encodeURIComponent(to)
  return sent.length <= limits.addressLength - 512 ? sent : ''
}

/** `GET <endpoint>/enter`: the same browser, one step later, with this site's own cookies. */
export async function finishLink(site: SiteContext, visit: Visit, limit: Limit): Promise<Reply> {
  refuseAhead(visit)
  const { settings, ownTokens } = site
  const to = ownTarget(settings, single(queryOf(visit.url), 'to')) ?? `${settings.origin}/`
  if (!isNavigation(visit)) return refuseFetch(site, visit, 'enter', to) ?? onwardReply(visit.headers, to)
  const waiting = await ownTokens.enter.read(visit)
  if (waiting) {
    ownTokens.enter.clear(visit)
    announce(site, visit, 'link', await enter(site, visit, limit, waiting.ticket))
  }
  return onwardReply(visit.headers, to)
}

async function enter(site: SiteContext, visit: Visit, limit: Limit, ticket: string): Promise<Arrival> {
  const session = await site.sessions.load(visit)
  const isSignedIn = () => session.subject !== null
  try {
    await limit()
    await lookAgain(site, session)
    await requireConsent(site, visit)
    // Its origin was compared when it arrived, with a header that only a browser writes.
    const claims = await readTicket(site, ticket, 'link')
    if (isSignedIn() && claims.sub === session.subject) return { outcome: 'keep', isSignedIn: true }
    const { view, isSame } = await acceptTicket(site, visit, claims)
    const { reason, subject } = view
    return isSame
      ? { outcome: 'keep', isSignedIn: subject !== null }
      : { outcome: 'replace', reason, isSignedIn: subject !== null }
  } catch (thrown) {
    logError(site.log, toSessionHubError(thrown), sitePaths.enter)
    return isCode(thrown, 'session_conflict')
      ? { outcome: 'conflict', isSignedIn: isSignedIn() }
      : failedArrival(thrown, isSignedIn())
  }
}

/** Only a user who is still signed in prevents the switch; this site may have trusted its cookie for a while. */
async function lookAgain({ hub }: SiteContext, session: HeldSession): Promise<void> {
  if (session.subject === null) return
  await whileItLives(session, async (handle) => session.accept(await hub.read(handle), handle))
}
