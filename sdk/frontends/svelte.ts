/** `session-hub/svelte`: the session as a store. It implements Svelte's store contract and imports nothing from Svelte. */
import type { Client } from '../browser/client.js'
import { type SessionSnapshot, snapshotsOf } from './snapshots.js'

export type { SessionSnapshot }

/** A Svelte store: `$session` in a component. */
export interface SessionStore {
  /** Calls `run` now and at each change. @returns a function that stops it */
  subscribe(run: (snapshot: SessionSnapshot) => void): () => void
}

/**
 * The client's present status, kept up to date. On a server nothing has happened yet. A component that is destroyed does not close the client:
 * the document has only one, and other components use it.
 *
 * @example
 * const session = sessionHub(createClient({ hub: 'https://hub.example' }))
 * $effect(() => void fetchCart($session.changes))
 */
export function sessionHub(client: Client): SessionStore {
  const { subscribe, get } = snapshotsOf(client)
  return {
    subscribe(run) {
      run(get())
      return subscribe(() => {
        run(get())
      })
    },
  }
}
