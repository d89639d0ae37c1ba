/** `session-hub`: the browser SDK, for bundlers. */
export { type Client, createClient } from './client.js'
export type { ClientEvents, EventName, Listener } from './events.js'
export type { ClientOptions } from './options.js'
export type { Status } from './status.js'
export type { EndReason, Mode, Outcome, ReplaceReason } from '../protocol/wire.js'
