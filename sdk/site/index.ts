/** `session-hub/site`: the half that runs in each site's backend. */
export {
  type AppOptions,
  type AppSite,
  createSite,
  type ReplacedEvent,
  type RequestSession,
  type SignedInEvent,
  type Site,
  type SiteOptions,
  type SiteRequest,
  type SiteResponse,
} from './site.js'
export type { FindOrigin } from './find-origin.js'
export type { EndedEvent } from './hook.js'
export type { KeysOf, SiteKeys } from './keys.js'
export type { SessionActor, TokenSession } from './token-session.js'
export type { ScriptTagOptions } from './script-tag.js'
export type { Middleware, SessionOptions } from './adapters/middleware.js'
export type { ListenerOptions } from './adapters/listener.js'
export type { ReadableRequest, ReadOptions } from './adapters/read.js'
export type { SiteVisit, Visited, VisitOptions } from './adapters/web.js'
export type { DataOptions, EndedListener, ReadSession, SiteSession } from './session/index.js'
export type { ActAs } from './account/act-as.js'
export type { SignIn } from './account/sign-in.js'
export type { SignOut } from './account/sign-out.js'
export type { UserSession } from './account/devices.js'
export { gracefulStop, type GracefulStopOptions, type Streaming } from '../http/node/graceful-stop.js'
export { browserName } from '../http/browser-name.js'
export { type ErrorCode, SessionHubError } from '../protocol/errors.js'
export type { TokenField } from '../protocol/token-fields.js'
export type {
  ClaimsPatch,
  DataPatch,
  GivenClaims,
  SessionClaims,
  SessionData,
  StoredClaims,
  StoredData,
} from '../protocol/app-types.js'
export type { EndReason } from '../protocol/wire.js'
export type { Json, JsonObject } from '../protocol/json.js'
export type { Log, LogEntry, LogEvent } from '../settings/log.js'
