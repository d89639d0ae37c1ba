/** `session-hub`: the browser SDK, for bundlers. */
import { type Client, createClientWith, type ImportPart, type Parts } from './client.js'
import type { ClientOptions } from './options.js'

/** @throws TypeError for an unknown option or rung, or a hub that is no address */
export const createClient = (options: ClientOptions): Client => createClientWith(importPart, options)

// Spelt out, so that bundlers see the files.
const parts = { ladder: () => import('./ladder.js'), live: () => import('./live.js') }
const importPart: ImportPart = (name) => parts[name]() as Promise<Parts[typeof name]>

export type { Client } from './client.js'
export type { ClientEvents, EventName, Listener } from './events.js'
export type { AccessTheme } from './ladder/kit.js'
export type { ClientOptions } from './options.js'
export type { Status } from './status.js'
export type { Choice, EndReason, Mode, Outcome, ReplaceReason, Rung } from '../protocol/wire.js'
