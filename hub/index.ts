/** `session-hub/hub`: the service that owns the sessions. */
export { createHub, type Hub } from './app.js'
export type { HubOptions } from './options.js'
export type { AdminOptions, AdminToken, Authorize, IsAdmin } from './admin/options.js'
export { generateAdminToken } from './admin/tokens.js'
export type { CompanyIssuer, CompanySignOutOptions } from './company/options.js'
export type { Admin, Permission } from './flows/permissions.js'
export type {
  ConflictQuestion,
  ConflictRule,
  Evict,
  Lifetime,
  Merge,
  MergeQuestion,
  SignedIn,
  SingleSession,
} from './flows/context.js'
export type { KeyMergeName, MergeByKeys, MergeName } from './flows/merge-rules.js'
export type { ConflictPolicy } from './flows/decision.js'
export {
  generateApp,
  generateHubKeys,
  generateSite,
  type GeneratedSiteKeys,
  type SigningKey,
  type SymmetricKey,
} from './keys/generate.js'
export type { HubKeys } from './keys/hub-keys.js'
export type { HubMeter } from './meter.js'
export type { RateLimitOptions, RateLimits } from './routes/limits.js'
export type { LimiterOptions, LimitStore, SharedLimiter } from './routes/shared-limits.js'
export type { FindSite } from './sites/registry.js'
export type { SharePolicy, SiteRegistration } from './sites/site.js'
export { memoryStore } from './stores/memory.js'
export { sqliteStore, type SqliteOptions } from './stores/sqlite.js'
export type { HubSessions, SessionSummary } from './sessions.js'
export type { HubSites } from './stored-sites.js'
export type { RegisteredSite, RotatedKeys, SiteState } from './flows/administer-sites.js'
export type { OwnershipProof } from './ownership/ownership.js'
export type {
  AuditAct,
  AuditOutcome,
  AuditRow,
  AuditSearch,
  Changes,
  Ending,
  EndingsRange,
  Handle,
  Held,
  NumberedAuditRow,
  NumberedEnding,
  NumberedSite,
  Question,
  Session,
  SessionSearch,
  SitePut,
  SitesRange,
  Spend,
  Store,
  StoredSite,
  Subject,
  SubjectQuestion,
  SweepTimes,
  Swept,
  View,
} from './stores/store.js'
export { gracefulStop, type GracefulStopOptions, type Streaming } from '../sdk/http/node/graceful-stop.js'
export { type ErrorCode, SessionHubError } from '../sdk/protocol/errors.js'
export type { SessionData, StoredData } from '../sdk/protocol/app-types.js'
export type { Json, JsonObject } from '../sdk/protocol/json.js'
export type { Log, LogEntry, LogEvent } from '../sdk/settings/log.js'
