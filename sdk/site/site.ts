/** Composition: options in, a site out. */
import type { Request, RequestHandler, Response } from 'express'

import { readSdk } from '../http/sdk-asset.js'
import { safeLog } from '../settings/log.js'
import { whole } from '../settings/checks.js'
import { answerOf } from './answer.js'
import { createCarrier } from './carrier.js'
import type { SiteContext } from './context.js'
import { createSiteCookies } from './cookies.js'
import { createClearable } from './neighbours.js'
import {
  endOtherUserSessions,
  endUserSession,
  requireRecent,
  type UserSession,
  userSessions,
} from './devices.js'
import { createEndings } from './endings.js'
import { createEventStream } from './event-stream.js'
import { createHubClient } from './hub-client.js'
import { createHubTransport } from './hub-transport.js'
import { createHubKeys } from './hub-keys.js'
import { createLive } from './live.js'
import { sessionMiddleware, type SessionOptions } from './load.js'
import { resolveSiteOptions, type SiteOptions } from './options.js'
import { createOwnTokens } from './own-token.js'
import { createPendingEnds } from './pending-ends.js'
import { createPosted } from './posted.js'
import { createProvisional } from './provisional.js'
import { redirectOnce } from './redirect.js'
import { createRenewals } from './renewals.js'
import { createSiteRouter } from './router.js'
import { scriptTag, type ScriptTagOptions } from './script-tag.js'
import type { SiteSession } from './session.js'
import { createSessionTokens } from './session-token.js'
import { type SignIn, signIn, type SignOut, signOut } from './sign.js'
import { createSuperseded } from './superseded.js'
import { createTokenContent } from './token-content.js'
import { createTurns } from './turns.js'

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- the way to add to Express's request
  namespace Express {
    interface Request {
      /** The visitor's session; there once `site.session()` has run. */
      session: SiteSession
    }
  }
}

export interface Site {
  /** The SDK's endpoints: `app.use(site.router)`, at the root of the site's origin. */
  readonly router: RequestHandler
  /**
   * Middleware that gives each request its `req.session`. In the first half of freshness it costs no hub call; with `{ bearer: true }`
   * an API client may send its token as `Authorization: Bearer`.
   */
  session(options?: SessionOptions): RequestHandler
  /**
   * Signs a user in, after the application has made sure who it is. The visitor gets a new session with a new handle; an
   * anonymous one's data moves into it. While the hub is down the sign-in lives in the cookie, and the hub is told later.
   *
   * @throws SessionHubError `request_invalid`, `data_too_large`, `data_denied`, `session_limit`; then nothing has changed
   */
  signIn(req: Request, res: Response, who: SignIn): Promise<void>
  /**
   * Ends the session, here and on every other site of this browser; with `everywhere` in every browser of the user's.
   *
   * @throws SessionHubError `request_invalid` for an option that is unknown or of the wrong type; then nothing has ended
   */
  signOut(req: Request, res: Response, options?: SignOut): Promise<void>
  /**
   * The signed-in user's sessions, on every site and in every browser, the newest first; at most 100. After `site.session()`.
   *
   * @throws SessionHubError `sign_in_required`, `session_ended`, `unavailable`
   */
  sessions(req: Request): Promise<readonly UserSession[]>
  /** Ends one of them by its `ref`. @returns whether it was live @throws SessionHubError as `sessions`; `request_invalid` */
  endSession(req: Request, ref: string): Promise<boolean>
  /** Ends all of them but this request's own. @returns how many were live @throws SessionHubError as `sessions` */
  endOtherSessions(req: Request): Promise<number>
  /**
   * Middleware for sensitive pages, after `site.session()`: the user has signed in at most so many seconds ago. Otherwise the
   * application's error handler gets a SessionHubError `sign_in_required`.
   */
  requireRecent(maxAgeSeconds: number): RequestHandler
  /**
   * Middleware that takes a visitor's window to the hub and back, once in a browser session, before the first page: for sites that
   * want the session there already, in browsers that keep the hub's cookie from frames too. Only for navigations to HTML, never for
   * bots, prefetches, or while the hub is down. Put it before `site.session()`. Not on unless you use it.
   */
  redirectOnce(): RequestHandler
  /** The `<script>` element for this site's pages. @throws SessionHubError `options_invalid` */
  scriptTag(req?: Request, options?: ScriptTagOptions): string
  /** Ends what open pages listen to, and closes the connections to the hub. */
  close(): void
}

/**
 * Makes the backend half of a site. Does not speak to the hub yet: a site starts while its hub is down.
 *
 * @throws SessionHubError `options_invalid` for an option that is unknown or wrong, with what to do about it
 */
export async function createSite(options: SiteOptions): Promise<Site> {
  const settings = await resolveSiteOptions(options)
  const log = safeLog(settings.log)
  const transport = createHubTransport(settings)
  const hub = createHubClient(settings, transport, log)
  const endings = createEndings(settings)
  const pending = createPendingEnds(hub, log)
  const content = createTokenContent(settings, log)
  const tokens = createSessionTokens(settings, content)
  const carrier = createCarrier(
    settings.cookieName,
    createSiteCookies(settings.cookieName, settings.cookieSeconds),
    tokens,
    createClearable(settings),
  )
  const site: SiteContext = {
    settings,
    hub,
    hubKeys: createHubKeys(hub, settings.now, log),
    tokens,
    content,
    renewals: createRenewals(settings, hub, tokens),
    carrier,
    posted: createPosted(settings, tokens, carrier),
    ownTokens: createOwnTokens(settings),
    provisional: createProvisional(hub, settings),
    pending,
    takeTurn: createTurns(),
    superseded: createSuperseded(),
    endings,
    events: createEventStream(transport, endings, log),
    log,
  }
  const live = createLive()
  const sdk = readSdk()
  return {
    router: createSiteRouter(site, { live, sdk }),
    session: (sessionOptions) => sessionMiddleware(site, sessionOptions),
    redirectOnce: () => redirectOnce(site),
    signIn: (req, res, who) => signIn(site, req, answerOf(req, res), who),
    signOut: (req, res, how) => signOut(site, req, answerOf(req, res), how),
    sessions: (req) => userSessions(site, req),
    endSession: (req, ref) => endUserSession(site, req, ref),
    endOtherSessions: (req) => endOtherUserSessions(site, req),
    requireRecent: (maxAgeSeconds) =>
      requireRecent(site, whole('requireRecent', 'maxAgeSeconds', maxAgeSeconds, { min: 1, max: 1e9 })),
    scriptTag: (req, tagOptions) => scriptTag(settings, sdk.versionedPath, req, tagOptions),
    close() {
      pending.close()
      live.close()
      site.events.close()
      transport.close()
    },
  }
}
