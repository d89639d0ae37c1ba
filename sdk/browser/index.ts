/** `session-hub`: the browser SDK, for bundlers. */
import { type Client, createClientWith, type ImportPart } from './client.js'
import { inertClient } from './inert.js'
import { type ClientOptions, defaults } from './options.js'

/**
 * Creates the document's one client, or returns it: it has the options of the first call, until `close()`. Without a document, as on a server
 * that renders the page, the client does nothing, so a module may call this at its top level.
 *
 * @throws TypeError for an unknown option or rung, an invalid hub address, or an endpoint that is not a path of the page's own origin
 */
export function createClient(options: ClientOptions): Client {
  requirePath(options.endpoint ?? defaults.endpoint)
  if (typeof document === 'undefined') return inertClient
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- test environments may lack its second name
  window.webkitURL ??= URL
  return createClientWith(importPart, options)
}

/** A `__Host-` cookie belongs to its own host alone, and the page reads one of them, so the endpoints cannot be on another host. */
function requirePath(endpoint: string): void {
  if (!/^(\/[^/?#\s]+)+$/.test(endpoint))
    throw TypeError(
      `SessionHub: "endpoint" is a path of the page's own origin, such as "/session-hub", not "${endpoint}". ` +
        'If the backend is on another host, route that path there: docs/frontends.md shows how',
    )
}

// Spelt out, so that bundlers find the files.
const parts = { ladder: () => import('./ladder.js'), live: () => import('./live.js') }
const importPart = ((name: keyof typeof parts) => parts[name]()) as ImportPart

export type { Client } from './client.js'
export type { ClientEvents, EventName, Listener } from './events.js'
export type { AccessTheme } from './ladder/kit.js'
export type { ClientOptions } from './options.js'
export type { Status } from './status.js'
export type { Choice, EndReason, Mode, Outcome, ReplaceReason, Rung } from '../protocol/wire.js'
