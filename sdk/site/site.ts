/** The public interface: a site's core with its adapters around it. */
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
 * Tells the compiler where a request holds its session. If left empty, that is `req.session`. With another `sessionProperty`, declare that
 * property here: then `req.session` is left to the package that declares it, such as `@types/express-session`.
 *
 * @example
 * declare module 'session-hub/site' {
 *   interface RequestSession {
 *     hub: SiteSession
 *   }
 * }
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- applications merge their own declaration into it
export interface RequestSession {}

interface UsualSession {
  /** The visitor's session. It exists once `site.session()` has run, and only on the application's own hosts. */
  session: SiteSession
}

/** A base type of the request, not a member of it: if another package declared the same member too, that package would get a type error. */
export type OnRequest = keyof RequestSession extends never ? UsualSession : RequestSession

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- the way to add to Express's request
  namespace Express {
    // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- it only adds a base type
    interface Request extends OnRequest {}
  }
}

/** @typeParam Native the server's own request, as the hooks receive it */
export type SiteOptions<Native extends object = Request> = AnySiteOptions<Native>
/** @typeParam Native the server's own request, as the hooks receive it */
export type AppOptions<Native extends object = Request> = AnyAppOptions<Native>
/** @typeParam Native the server's own request */
export type ReplacedEvent<Native extends object = Request> = AnyReplacedEvent<Native>

/** @typeParam Native the server's own request */
export type SignedInEvent<Native extends object = Request> = AnySignedInEvent<Native>

/** A request as the application has it: Express's or Node's own, or one that wraps Node's, as Fastify's does. */
export type SiteRequest = IncomingMessage | { readonly raw: IncomingMessage }
/** The response to it. */
export type SiteResponse = ServerResponse | { readonly raw: ServerResponse }

export interface Site {
  /** The property of a request that holds its session: the option of the same name. */
  readonly sessionProperty: string
  /** The SDK's endpoints: `app.use(site.router)`, at the root of the site's origin. */
  readonly router: Middleware
  /**
   * Middleware that gives each request its `req.session`. In the first half of freshness it makes no request to the hub. With `{ bearer: true }`
   * an API client may send its token as `Authorization: Bearer`.
   */
  session(options?: SessionOptions): Middleware
  /**
   * Reads the session of a request that your application does not answer: an upgrade to a web socket, or any other code that only needs to
   * know who the visitor is. It adds nothing to the request and sets no cookie. A web socket gets the session only if this site's own page or
   * a client that is not a browser has opened it (R18).
   *
   * Never rejects because of the visitor or the hub: then there is no session, and a `reason`.
   *
   * @throws SessionHubError `request_invalid` if the argument is not a request, or an option is unknown or wrong
   */
  read(req: ReadableRequest, options?: ReadOptions): Promise<ReadSession>
  /**
   * Signs a user in, after the application has verified who it is. The visitor gets a new session with a new handle, and the data of an
   * anonymous session moves into it. While the hub is down, the sign-in lives in the cookie, and the hub is told later.
   *
   * @throws SessionHubError `request_invalid`, `data_too_large`, `data_denied`, `session_limit`, `while_acting`; then nothing has changed
   */
  signIn(req: SiteRequest, res: SiteResponse, who: SignIn): Promise<void>
  /**
   * Ends the session, here and on every other site in this browser; with `everywhere`, in every browser of the user.
   *
   * @throws SessionHubError `request_invalid` for an option that is unknown or of the wrong type; then nothing has ended
   */
  signOut(req: SiteRequest, res: SiteResponse, options?: SignOut): Promise<void>
  /**
   * Shows this site to the signed-in administrator as one of its users sees it, until `stopActing`, a sign-out or the end of the time. This
   * affects only this site: elsewhere the administrator stays who they were. The application decides who may do this. The hub records each use
   * in its audit, and allows it only if the site's registration has `mayImpersonate`, the administrator has signed in within the last hour,
   * and the user is not one whom `isAdmin` names.
   *
   * @throws SessionHubError `acting_denied`, `while_acting` (one after another), `sign_in_required`, `request_invalid`, `data_too_large`,
   * `data_denied`, `headers_sent`, `unavailable`; then nothing has changed
   */
  actAs(req: SiteRequest, res: SiteResponse, as: ActAs): Promise<void>
  /**
   * Returns to the administrator's own session, as before `actAs`, with a new cookie. If the time has run out, nobody acts any more, and the
   * next sync brings the administrator back.
   *
   * @returns whether somebody was acting
   * @throws SessionHubError `headers_sent`, `unavailable`
   */
  stopActing(req: SiteRequest, res: SiteResponse): Promise<boolean>
  /**
   * Lists the signed-in user's sessions, on every site and in every browser, newest first; at most 100. Use it after `site.session()`.
   *
   * @throws SessionHubError `sign_in_required`, also if the session has ended elsewhere; `while_acting`; `unavailable`
   */
  sessions(req: SiteRequest): Promise<readonly UserSession[]>
  /** Ends one of these sessions by its `ref`. @returns whether it was live @throws SessionHubError as `sessions`; `request_invalid` */
  endSession(req: SiteRequest, ref: string): Promise<boolean>
  /** Ends all of these sessions except the request's own. @returns how many were live @throws SessionHubError as `sessions` */
  endOtherSessions(req: SiteRequest): Promise<number>
  /**
   * Middleware for sensitive pages, after `site.session()`: it requires that the user has signed in within the last `maxAgeSeconds` seconds.
   * Otherwise the application's error handler gets a SessionHubError: `sign_in_required`, `unavailable` if the session cannot be looked up, or
   * `while_acting` if an administrator acts as the user. On Fastify it is a hook: `{ preHandler: site.requireRecent(300) }`.
   */
  requireRecent(
    maxAgeSeconds: number,
  ): (req: SiteRequest, res: unknown, next: (error?: never) => void) => void
  /**
   * Middleware that takes a visitor's window to the hub and back, once in a browser session, before the first page. It is for sites that need
   * the session on the first page, even in browsers that withhold the hub's cookie from frames. It acts only on navigations to HTML, never on
   * bots or prefetches, and not while the hub is down. Put it before `site.session()`. It is off unless you use it.
   */
  redirectOnce(): Middleware
  /**
   * Puts the site in front of an application on a Node server, with or without Express: `createServer(site.listener(app))`. It answers the
   * endpoints and gives each request its `req.session` before the application sees it.
   *
   * @throws SessionHubError `options_invalid`
   */
  listener(
    app: (req: IncomingMessage & OnRequest, res: ServerResponse) => unknown,
    options?: ListenerOptions,
  ): RequestListener
  /**
   * For servers that use the Web's `Request` and `Response`. Resolves to the answer of an endpoint, or to the `Response` that `app` makes of
   * the visit, with the visitor's cookies in it. If `app` throws after the visitor's session has changed, for example by a sign-in, the answer
   * is a bare 500, or has the status of our error; it carries the cookies, and the log says why. A `Response` that `app` throws is its answer.
   * If there is no visit, as when `findOrigin` fails, the answer is our error, and `app` is not called.
   *
   * @throws SessionHubError `options_invalid`; and whatever `app` throws while nothing has changed
   */
  fetch(
    request: globalThis.Request,
    app: (visit: SiteVisit) => globalThis.Response | Promise<globalThis.Response>,
    options?: VisitOptions,
  ): Promise<globalThis.Response>
  /**
   * The same in two steps, for frameworks with middleware: if `response` is there, return it; otherwise pass the application's
   * own answer to `respond`.
   */
  visit(request: globalThis.Request, options?: VisitOptions): Promise<Visited>
  /** The `<script>` element for this site's pages. @throws SessionHubError `options_invalid` */
  scriptTag(req?: Request, options?: ScriptTagOptions): string
  /**
   * Ends the event streams of open pages, so that a server can close: with them it would never finish closing. The pages reconnect to another
   * process. `gracefulStop` calls this.
   */
  endStreams(): void
  /** Ends the event streams of open pages and closes the connections to the hub. */
  close(): void
}

/**
 * An application with several origins (`origins`, `findOrigin`): everything that a `Site` is, for each of them. A request for a host that is
 * not one of the application's passes through: `router`, `session()` and `redirectOnce()` leave it alone, so it has no `req.session`, and
 * `listener` calls the application. `signIn` and `signOut` reject with `host_denied` for it, and nobody is signed in. If the application
 * cannot tell whose host it is (`findOrigin` throws), the request is `unavailable` and never treated as another origin's.
 */
export interface AppSite extends Omit<Site, 'fetch' | 'visit'> {
  /** As `Site.fetch`; `app` gets no visit if the host is not one of the application's. */
  fetch(
    request: globalThis.Request,
    app: (visit: SiteVisit | undefined) => globalThis.Response | Promise<globalThis.Response>,
    options?: VisitOptions,
  ): Promise<globalThis.Response>
  /** As `Site.visit`; `undefined` if the host is not one of the application's. */
  visit(request: globalThis.Request, options?: VisitOptions): Promise<Visited | undefined>
}

/**
 * Creates the backend half of a site. It does not contact the hub yet, so a site starts even while its hub is down.
 *
 * @throws SessionHubError `options_invalid` for an option that is unknown or wrong; the message says what to do about it
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
