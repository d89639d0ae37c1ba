/** A site on a server that uses the Web's `Request` and `Response`. */
import type { ActAs, SignIn, SignOut, SiteCore, ScriptTagOptions, SiteSession, UserSession } from '../core.js'
import { errorReply } from '../../http/reply.js'
import { SessionHubError } from '../../protocol/errors.js'
import { flag } from '../../settings/checks.js'
import { type Log, reasonOf } from '../../settings/log.js'
import { refuseUnknown, wrong } from '../../settings/refuse-unknown.js'
import { WebVisit } from './web-visit.js'

export interface VisitOptions {
  /** The visitor's network address, which a `Request` does not contain. Without it, all visitors count as one for rate limits. */
  readonly address?: string | undefined
  /** As for `site.session()`. @default false */
  readonly bearer?: boolean
  /** Whether the first page of a browser session goes to the hub and back, as with `site.redirectOnce()`. @default false */
  readonly redirectOnce?: boolean
}

/** One request of a visitor, and the answer to come. */
export interface SiteVisit {
  readonly session: SiteSession
  signIn(who: SignIn): Promise<void>
  signOut(options?: SignOut): Promise<void>
  /** As `Site.actAs`. */
  actAs(as: ActAs): Promise<void>
  /** As `Site.stopActing`. */
  stopActing(): Promise<boolean>
  sessions(): Promise<readonly UserSession[]>
  endSession(ref: string): Promise<boolean>
  endOtherSessions(): Promise<number>
  /** @throws SessionHubError `sign_in_required` unless the user has signed in within the last `maxAgeSeconds` seconds */
  requireRecent(maxAgeSeconds: number): void
  scriptTag(options?: ScriptTagOptions): string
  /** The application's answer with the visitor's cookies in it. After this no session can begin or end. */
  respond(response: Response): Response
}

/** Either the complete answer, which the application returns as it is, or the visit. */
export type Visited = { readonly response: Response } | (SiteVisit & { readonly response?: undefined })

/** @throws SessionHubError `options_invalid` */
function readVisitOptions(options: VisitOptions = {}) {
  refuseUnknown('visit', options, ['address', 'bearer', 'redirectOnce'])
  const { address, bearer = false, redirectOnce = false } = options
  if (address !== undefined && typeof address !== 'string') throw wrong('visit', '"address" has to be a text')
  return {
    address,
    bearer: flag('visit', 'bearer', bearer),
    redirectOnce: flag('visit', 'redirectOnce', redirectOnce),
  }
}

/**
 * @returns `undefined` if the request is for a host that is not one of the application's
 * @throws SessionHubError `options_invalid`
 */
export async function visitSite(
  site: SiteCore,
  request: Request,
  options?: VisitOptions,
): Promise<Visited | undefined> {
  const { address, bearer, redirectOnce } = readVisitOptions(options)
  const visit = new WebVisit(request, address)
  await site.answer(visit)
  if (visit.response) return { response: visit.response }
  const out = redirectOnce ? await site.redirectOnce(visit) : undefined
  if (out) {
    return { response: visit.reply(out) }
  }
  const session = await site.openSession(visit, bearer)
  if (!session) return undefined
  return {
    session,
    signIn: (who) => site.signIn(visit, who),
    signOut: (options) => site.signOut(visit, options),
    actAs: (as) => site.actAs(visit, as),
    stopActing: () => site.stopActing(visit),
    sessions: () => site.sessions(request),
    endSession: (ref) => site.endSession(request, ref),
    endOtherSessions: () => site.endOtherSessions(request),
    requireRecent: (maxAgeSeconds) => {
      site.requireRecent(request, maxAgeSeconds)
    },
    scriptTag: (options) => site.scriptTag(undefined, options),
    respond: (response) => visit.finish(response),
  }
}

export async function fetchSite(
  site: SiteCore,
  request: Request,
  app: (visit: SiteVisit | undefined) => Response | Promise<Response>,
  options?: VisitOptions,
): Promise<Response> {
  const visit = await visitSite(site, request, options).catch((thrown: unknown) => refusal(thrown, request))
  if (!visit) return app(undefined)
  if (visit.response) return visit.response
  try {
    return visit.respond(await app(visit))
  } catch (thrown) {
    return answerTo(thrown, visit, site.log)
  }
}

/** There is no visit, so the application cannot answer, and servers would turn an exception into a 500. R21 */
function refusal(thrown: unknown, request: Request): { response: Response } {
  if (!(thrown instanceof SessionHubError) || thrown.code === 'options_invalid') throw thrown
  return { response: new WebVisit(request, undefined).reply(errorReply(thrown)) }
}

/**
 * A user whom `app` has signed in stays signed in if `app` fails afterwards: the cookies reach the browser, as with Express.
 * @throws if there are none
 */
function answerTo(thrown: unknown, visit: SiteVisit, log: Log): Response {
  // Some frameworks throw their answers.
  if (thrown instanceof Response) return visit.respond(thrown)
  const bare = new Response(null, { status: thrown instanceof SessionHubError ? thrown.status : 500 })
  const answer = visit.respond(bare)
  // No cookie was added, so the server may treat the exception as any other.
  if (answer === bare) throw thrown
  log({ level: 'error', event: 'hook_failed', hook: 'fetch', description: reasonOf(thrown) })
  return answer
}
