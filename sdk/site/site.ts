/** The door: a site's core with its adapters around it. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'

import type { Request } from 'express'

import type { ActAs } from './account/act-as.js'
import type { UserSession } from './account/devices.js'
import type { SignIn } from './account/sign-in.js'
import type { SignOut } from './account/sign-out.js'
import { standsOn } from './adapters/core-of.js'
import { nonceOf } from './adapters/express.js'
import { listenerOf, type ListenerOptions } from './adapters/listener.js'
import {
  endpointsMiddleware,
  type Middleware,
  redirectOnceMiddleware,
  requireRecentMiddleware,
  sessionMiddleware,
  type SessionOptions,
} from './adapters/middleware.js'
import { requestOf, visitOf } from './adapters/node-visit.js'
import { readSite, type ReadableRequest, type ReadOptions } from './adapters/read.js'
import { fetchSite, type SiteVisit, type Visited, type VisitOptions, visitSite } from './adapters/web.js'
import { createCore } from './core.js'
import type { ReplacedEvent as AnyReplacedEvent, SignedInEvent as AnySignedInEvent } from './hook.js'
import type { AppOptions as AnyAppOptions, SiteOptions as AnySiteOptions } from './options.js'
import type { ScriptTagOptions } from './script-tag.js'
import type { ReadSession, SiteSession } from './session/index.js'

/**
 * Where a request has its session, for the compiler. Empty, it is `req.session`. With another `sessionProperty`, merge that one in: then
 * `req.session` is left to whoever declares it, such as `@types/express-session`.
 *
 * @example
 * declare module 'session-hub/site' {
 *   interface RequestSession {
 *     hub: SiteSession
 *   }
 * }
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- there to be merged into
export interface RequestSession {}

interface UsualSession {
  /** The visitor's session; there once `site.session()` has run, and only on the application’s own hosts. */
  session: SiteSession
}

/** A base of the request's, and no member of it: one that another package declares too would be an error in that package. */
export type OnRequest = keyof RequestSession extends never ? UsualSession : RequestSession

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- the way to add to Express's request
  namespace Express {
    // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- all that it adds is the base
    interface Request extends OnRequest {}
  }
}

/** @typeParam Native the server's own request, as the hooks get it */
export type SiteOptions<Native extends object = Request> = AnySiteOptions<Native>
/** @typeParam Native the server's own request, as the hooks get it */
export type AppOptions<Native extends object = Request> = AnyAppOptions<Native>
/** @typeParam Native the server's own request */
export type ReplacedEvent<Native extends object = Request> = AnyReplacedEvent<Native>

/** @typeParam Native the server's own request */
export type SignedInEvent<Native extends object = Request> = AnySignedInEvent<Native>

/** A request as the application has it: Express's or Node's own, or one that has Node's inside, as Fastify's has. */
export type SiteRequest = IncomingMessage | { readonly raw: IncomingMessage }
/** Its answer. */
export type SiteResponse = ServerResponse | { readonly raw: ServerResponse }

export interface Site {
  /** Where a request has its session: the option of this name. */
  readonly sessionProperty: string
  /** The SDK's endpoints: `app.use(site.router)`, at the root of the site's origin. */
  readonly router: Middleware
  /**
   * Middleware that gives each request its `req.session`. In the first half of freshness it costs no hub call; with `{ bearer: true }`
   * an API client may send its token as `Authorization: Bearer`.
   */
  session(options?: SessionOptions): Middleware
  /**
   * The session of a request that gets no answer of yours: an upgrade to a web socket, or anything else that only wants to know who is there. Nothing
   * is put at the request, and no cookie is set. Of a web socket, only one that this site's own page has opened, or a client that is no browser (R18).
   *
   * Never rejects because of the visitor or the hub: then there is no session, and a `reason`.
   *
   * @throws SessionHubError `request_invalid` for what is no request, or an option that is unknown or wrong
   */
  read(req: ReadableRequest, options?: ReadOptions): Promise<ReadSession>
  /**
   * Signs a user in, after the application has made sure who it is. The visitor gets a new session with a new handle; an
   * anonymous one's data moves into it. While the hub is down the sign-in lives in the cookie, and the hub is told later.
   *
   * @throws SessionHubError `request_invalid`, `data_too_large`, `data_denied`, `session_limit`, `while_acting`; then nothing has changed
   */
  signIn(req: SiteRequest, res: SiteResponse, who: SignIn): Promise<void>
  /**
   * Ends the session, here and on every other site of this browser; with `everywhere` in every browser of the user's.
   *
   * @throws SessionHubError `request_invalid` for an option that is unknown or of the wrong type; then nothing has ended
   */
  signOut(req: SiteRequest, res: SiteResponse, options?: SignOut): Promise<void>
  /**
   * Whoever is signed in here sees this site as one of its users does, until `stopActing`, a sign-out, or the end of the time. Only this site: elsewhere the
   * administrator is who they were. Who may do that is for the application to know; the hub writes it into its audit, and allows it where the
   * site's registration has `mayImpersonate`, to one who has signed in within the last hour, and as nobody whom `isAdmin` names.
   *
   * @throws SessionHubError `acting_denied`, `while_acting` (one after another), `sign_in_required`, `request_invalid`, `data_too_large`, `data_denied`,
   * `headers_sent`, `unavailable`; then nothing has changed
   */
  actAs(req: SiteRequest, res: SiteResponse, as: ActAs): Promise<void>
  /**
   * The administrator is back, as before `actAs`, with a new cookie. Where the time is over, nobody acts any more: the next sync brings the administrator back.
   *
   * @returns whether somebody acted
   * @throws SessionHubError `headers_sent`, `unavailable`
   */
  stopActing(req: SiteRequest, res: SiteResponse): Promise<boolean>
  /**
   * The signed-in user's sessions, on every site and in every browser, the newest first; at most 100. After `site.session()`.
   *
   * @throws SessionHubError `sign_in_required`, also where the session has ended elsewhere; `while_acting`; `unavailable`
   */
  sessions(req: SiteRequest): Promise<readonly UserSession[]>
  /** Ends one of them by its `ref`. @returns whether it was live @throws SessionHubError as `sessions`; `request_invalid` */
  endSession(req: SiteRequest, ref: string): Promise<boolean>
  /** Ends all of them but this request's own. @returns how many were live @throws SessionHubError as `sessions` */
  endOtherSessions(req: SiteRequest): Promise<number>
  /**
   * Middleware for sensitive pages, after `site.session()`: the user has signed in at most so many seconds ago. Otherwise the
   * application's error handler gets a SessionHubError `sign_in_required`, `unavailable` where the session cannot be looked up, or `while_acting` where an administrator acts as the user. On Fastify it is a hook: `{ preHandler: site.requireRecent(300) }`.
   */
  requireRecent(
    maxAgeSeconds: number,
  ): (req: SiteRequest, res: unknown, next: (error?: never) => void) => void
  /**
   * Middleware that takes a visitor's window to the hub and back, once in a browser session, before the first page: for sites that
   * want the session there already, in browsers that keep the hub's cookie from frames too. Only for navigations to HTML, never for
   * bots, prefetches, or while the hub is down. Put it before `site.session()`. Not on unless you use it.
   */
  redirectOnce(): Middleware
  /**
   * The site in front of an application on a Node server, with or without Express: `createServer(site.listener(app))`. It answers the
   * endpoints and gives each request its `req.session` before the application looks at it.
   *
   * @throws SessionHubError `options_invalid`
   */
  listener(
    app: (req: IncomingMessage & OnRequest, res: ServerResponse) => unknown,
    options?: ListenerOptions,
  ): RequestListener
  /**
   * For servers that speak the Web's `Request` and `Response`: the answer of an endpoint, or what `app` makes of the visit, with the
   * visitor's cookies in it. Where `app` throws after the visitor's session has changed, by a sign-in for example, the answer is a bare 500, or the status
   * of our error, with the cookies in it, and the log says why. A `Response` that `app` throws is its answer. Where there
   * is no visit, as when `findOrigin` fails, the answer is our error, and `app` is not called.
   *
   * @throws SessionHubError `options_invalid`; and what `app` throws while nothing has changed
   */
  fetch(
    request: globalThis.Request,
    app: (visit: SiteVisit) => globalThis.Response | Promise<globalThis.Response>,
    options?: VisitOptions,
  ): Promise<globalThis.Response>
  /**
   * The same in two steps, for frameworks with middleware: hand `response` on if it is there, and give the application's own answer to
   * `respond`.
   */
  visit(request: globalThis.Request, options?: VisitOptions): Promise<Visited>
  /** The `<script>` element for this site's pages. @throws SessionHubError `options_invalid` */
  scriptTag(req?: Request, options?: ScriptTagOptions): string
  /** Ends what open pages listen to, so that a server can close: it would never end. The pages come again, to another process. `gracefulStop` calls it. */
  endStreams(): void
  /** Ends what open pages listen to, and closes the connections to the hub. */
  close(): void
}

/**
 * An application with several origins (`origins`, `findOrigin`): all that a `Site` is, for each of them. A request of a host that is none of the
 * application's passes on: `router`, `session()` and `redirectOnce()` leave it alone, so it has no `req.session`, and `listener` calls the
 * application. `signIn` and `signOut` reject with `host_denied` there, and nobody is signed in. While the application cannot say (`findOrigin`
 * throws), such a request is `unavailable`, and never another origin's.
 */
export interface AppSite extends Omit<Site, 'fetch' | 'visit'> {
  /** As `Site.fetch`; `app` gets no visit where the host is none of the application's. */
  fetch(
    request: globalThis.Request,
    app: (visit: SiteVisit | undefined) => globalThis.Response | Promise<globalThis.Response>,
    options?: VisitOptions,
  ): Promise<globalThis.Response>
  /** As `Site.visit`; `undefined` where the host is none of the application's. */
  visit(request: globalThis.Request, options?: VisitOptions): Promise<Visited | undefined>
}

/**
 * Makes the backend half of a site. Does not speak to the hub yet: a site starts while its hub is down.
 *
 * @throws SessionHubError `options_invalid` for an option that is unknown or wrong, with what to do about it
 */
export function createSite<Native extends object = Request>(options: SiteOptions<Native>): Promise<Site>
export function createSite<Native extends object = Request>(options: AppOptions<Native>): Promise<AppSite>
export async function createSite<Native extends object = Request>(
  options: SiteOptions<Native> | AppOptions<Native>,
): Promise<AppSite> {
  const core = await createCore(options)
  const site: AppSite = {
    sessionProperty: core.property,
    router: endpointsMiddleware(core),
    session: (sessionOptions) => sessionMiddleware(core, sessionOptions),
    redirectOnce: () => redirectOnceMiddleware(core),
    read: (req, readOptions) => readSite(core, req, readOptions),
    signIn: (req, res, who) => core.signIn(visitOf(req, res, core.property), who),
    signOut: (req, res, how) => core.signOut(visitOf(req, res, core.property), how),
    actAs: (req, res, as) => core.actAs(visitOf(req, res, core.property), as),
    stopActing: (req, res) => core.stopActing(visitOf(req, res, core.property)),
    sessions: (req) => core.sessions(requestOf(req)),
    endSession: (req, ref) => core.endSession(requestOf(req), ref),
    endOtherSessions: (req) => core.endOtherSessions(requestOf(req)),
    requireRecent: (maxAgeSeconds) => requireRecentMiddleware(core, maxAgeSeconds),
    listener: (app, listenerOptions) => listenerOf(core, app as RequestListener, listenerOptions),
    fetch: (request, app, visitOptions) => fetchSite(core, request, app, visitOptions),
    visit: (request, visitOptions) => visitSite(core, request, visitOptions),
    scriptTag: (req, tagOptions) => core.scriptTag(nonceOf(req), tagOptions),
    endStreams: () => {
      core.endStreams()
    },
    close: () => {
      core.close()
    },
  }
  return standsOn(site, core)
}
