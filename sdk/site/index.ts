/** `session-hub/site`: the half that runs in each site's backend. */
export { createSite, type Site } from './site.js'
export type { ReplacedEvent, SiteKeys, SiteOptions } from './options.js'
export type { ScriptTagOptions } from './script-tag.js'
export type { SiteSession } from './session.js'
export type { SignIn } from './sign.js'
export { type ErrorCode, SessionHubError } from '../protocol/errors.js'
export type { Json, JsonObject } from '../protocol/json.js'
export type { Log, LogEntry, LogEvent } from '../settings/log.js'
