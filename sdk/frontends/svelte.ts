/** `session-hub/svelte`: the session as a store. It keeps Svelte's contract for stores, and needs nothing of Svelte's. */
import type { Client } from '../browser/client.js'
import { type SessionSnapshot, snapshotsOf } from './snapshots.js'

export type { SessionSnapshot }

/** A store as Svelte has them: `$session` in a component. */
export interface SessionStore {
  /** Calls `run` now, and whenever something has changed. @returns a function that stops it */
  subscribe(run: (snapshot: SessionSnapshot) => void): () => void
}

/**
 * What the client has come to, now and whenever that changes. On a server nothing has happened yet. A component that is destroyed leaves
 * the client alone: the document has one, and other components use it.
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
