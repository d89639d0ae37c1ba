/** What components see of a client: one snapshot for all of them, which is replaced by a new object at each change. */
import type { Client } from '../browser/client.js'
import type { ClientEvents } from '../browser/events.js'
import { nothingYet, type Status } from '../browser/status.js'

export interface SessionSnapshot {
  /** The result of the last sync. */
  readonly status: Status
  /** How often this page's session has been replaced or has ended. Fetch the cart and the name again whenever it changes. */
  readonly changes: number
  /** The user who is signed in at the hub, until a visitor who is signed in as two different users has chosen: see `client.resolve()`. */
  readonly conflict: ClientEvents['session-conflict'] | null
  /** What is left to try while the browser withholds the hub's cookie from the frame: see `client.requestAccess()`. */
  readonly accessNeeded: ClientEvents['access-needed'] | null
}

/** What a server renders, and so what a page shows until it has hydrated. */
export const nothing: SessionSnapshot = {
  status: nothingYet,
  changes: 0,
  conflict: null,
  accessNeeded: null,
}

export interface Snapshots {
  readonly get: () => SessionSnapshot
  /** @returns a function that stops it. The client stays open: it belongs to the document, and other components use it */
  readonly subscribe: (listener: () => void) => () => void
}

const known = new WeakMap<Client, Snapshots>()

export function snapshotsOf(client: Client): Snapshots {
  let snapshots = known.get(client)
  if (!snapshots) known.set(client, (snapshots = watch(client)))
  return snapshots
}

function watch(client: Client): Snapshots {
  const listeners = new Set<() => void>()
  let snapshot: SessionSnapshot = { ...nothing, status: client.status }

  const change = (changed: Partial<SessionSnapshot>) => {
    snapshot = { ...snapshot, status: client.status, ...changed }
    for (const listener of listeners) listener()
  }
  const sessionChanged = () => {
    change({ changes: snapshot.changes + 1 })
  }
  const synced = ({ outcome, isBlocked }: Status) => {
    change({
      conflict: outcome === 'conflict' ? snapshot.conflict : null,
      accessNeeded: isBlocked ? snapshot.accessNeeded : null,
    })
  }
  client.on('session-replaced', sessionChanged)
  client.on('session-ended', sessionChanged)
  client.on('session-conflict', (conflict) => {
    change({ conflict })
  })
  client.on('access-needed', (accessNeeded) => {
    change({ accessNeeded })
  })
  // These come last, because a sync says what still holds of the earlier events.
  client.on('synced', synced)
  client.on('sync-failed', synced)

  return {
    get: () => snapshot,
    subscribe(listener) {
      // A function of its own, so that subscribing the same listener twice gives two subscriptions.
      const hear = () => {
        listener()
      }
      listeners.add(hear)
      return () => void listeners.delete(hear)
    },
  }
}
