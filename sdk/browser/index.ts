/** `session-hub`: the browser SDK, for bundlers. */
import { type Client, createClientWith, type ImportPart } from './client.js'
import type { ClientOptions } from './options.js'

/** @throws TypeError for an unknown option or rung, or a hub that is no address */
export function createClient(options: ClientOptions): Client {
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- what tests run in may lack the second name of it
  window.webkitURL ??= URL
  return createClientWith(importPart, options)
}

// Spelt out, so that bundlers see the files.
const parts = { ladder: () => import('./ladder.js'), live: () => import('./live.js') }
const importPart = ((name: keyof typeof parts) => parts[name]()) as ImportPart

export type { Client } from './client.js'
export type { ClientEvents, EventName, Listener } from './events.js'
export type { AccessTheme } from './ladder/kit.js'
export type { ClientOptions } from './options.js'
export type { Status } from './status.js'
export type { Choice, EndReason, Mode, Outcome, ReplaceReason, Rung } from '../protocol/wire.js'
