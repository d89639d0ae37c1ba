/** `session-hub`: the browser SDK, for bundlers. */
import { type Client, createClientWith } from './client.js'
import type { ClientOptions } from './options.js'

/** @throws TypeError for an unknown option or rung, or a hub that is no address */
export const createClient = (options: ClientOptions): Client =>
  createClientWith(() => import('./ladder.js'), options)

export type { Client } from './client.js'
export type { ClientEvents, EventName, Listener } from './events.js'
export type { AccessTheme } from './ladder/kit.js'
export type { ClientOptions } from './options.js'
export type { Status } from './status.js'
export type { EndReason, Mode, Outcome, ReplaceReason, Rung } from '../protocol/wire.js'
